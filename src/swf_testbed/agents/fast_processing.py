"""The fast processing agent: cuts samples into slices, and tells pools that a run is near."""

from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

from swf_testbed.fastmon.slicing import SliceRange, cut_file, slices_by_file
from swf_testbed.messages import (
    RunImminent,
    RunImminentWorker,
    Slice,
    SliceContent,
    TfFileRegistered,
    WorkerRunContent,
)
from swf_testbed.model.errors import BadInput
from swf_testbed.model.status import SliceStatus
from swf_testbed.records import TfSlice
from swf_testbed.records.base import MAX_BULK
from swf_testbed.runtime import BaseAgent, handles
from swf_testbed.stf.reader import StfReader


class FastProcessingAgent(BaseAgent):
    """Keeps nothing: the slices of a sample file follow from its announcement alone."""

    agent_type: ClassVar[str] = "fast_processing"

    @handles(RunImminent)
    def announce_to_workers(self, run: RunImminent) -> None:
        """Tell worker pools what the run will need."""
        parameters = self.context.parameters(run.execution_id).fast_processing
        content = WorkerRunContent(
            run_id=run.run_id,
            execution_id=run.execution_id,
            **parameters.model_dump(exclude={"payload", "stf_sampling_rate", "slices_per_sample"}),
        )
        self.context.bus.publish(self.context.message(RunImminentWorker, cause=run, content=content))

    @handles(TfFileRegistered, batch=100, linger_s=0.02)
    def cut(self, samples: Sequence[TfFileRegistered]) -> None:
        """Record the slices of many samples in one request, then put them into the queue."""
        slices = [piece for sample in samples for piece in self._slices(sample)]
        for start in range(0, len(slices), MAX_BULK):
            self.context.monitor.upsert([_record(piece) for piece in slices[start : start + MAX_BULK]])
        self.context.bus.publish_many(slices)

    def _slices(self, sample: TfFileRegistered) -> list[Slice]:
        parameters = self.context.parameters(sample.execution_id).fast_processing
        sampling = sample.sampling
        if sampling.part >= len(sampling.parts):
            raise BadInput("sampling.part", sampling.part, f"must be below {len(sampling.parts)}")
        share = slices_by_file(sampling.parts, parameters.slices_per_sample)[sampling.part]
        pieces = cut_file(_frames(sample), share)
        skips = accumulate((piece.tf_count for piece in pieces), initial=0)
        return [
            self._slice(sample, piece, skip, parameters.payload)
            for piece, skip in zip(pieces, skips, strict=False)
        ]

    def _slice(self, sample: TfFileRegistered, piece: SliceRange, skip: int, payload: str) -> Slice:
        content = SliceContent(
            run_id=sample.run_id,
            execution_id=sample.execution_id,
            req_id=f"{sample.tf_filename}#{piece.slice_id}",
            filename=sample.stf_filename,
            tf_filename=sample.tf_filename,
            file_url=sample.file_url,
            slice_id=piece.slice_id,
            start=piece.start,
            end=piece.end,
            tf_count=piece.tf_count,
            egress_at=sample.egress_at,
            skip=skip,
            payload=payload,
        )
        return self.context.message(Slice, cause=sample, instance=self.context.name, content=content)


def _frames(sample: TfFileRegistered) -> Sequence[int]:
    """The frame numbers of a sample; said by the announcement unless there are gaps between them."""
    span = range(sample.tf_first, sample.tf_last + 1)
    if len(span) == sample.tf_count:
        return span
    with StfReader.open(sample.file_url) as reader:
        return [int(number) for number in reader.index.tf]


def _record(piece: Slice) -> TfSlice:
    content = piece.content
    return TfSlice(
        fastmon_file=content.tf_filename,
        slice_id=content.slice_id,
        tf_first=content.start,
        tf_last=content.end,
        tf_count=content.tf_count,
        run_number=content.run_id,
        status=SliceStatus.QUEUED,
        metadata={"sender": piece.sender},
    )
