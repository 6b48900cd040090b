"""From one STF file to its sample files, and what is recorded and said of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.fill import products_of_index
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.sampling import SamplingConfig, choose
from swf_testbed.messages import FailedRead, SamplingReport, StfReady, StfVolumeContent, TfFileRegistered
from swf_testbed.model.names import tf_filename
from swf_testbed.model.states import DaqState, daq_state
from swf_testbed.records import FastmonFile
from swf_testbed.stf.errors import OnBad
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import SkimFile, skim_open


@dataclass(frozen=True, slots=True)
class Source:
    """An STF as it is sampled: what was announced of it, or what its file says; `state` None is unknown.

    `start` and `end` are of its data.
    """

    run: int
    filename: str
    stream: str
    sequence: int
    tf_first: int
    tf_count: int
    start: datetime
    end: datetime
    state: DaqState | None
    egress_at: datetime | None

    @classmethod
    def announced(cls, stf: StfReady) -> "Source":
        """As it was announced."""
        return cls(
            run=stf.run_id,
            filename=stf.filename,
            stream=stf.stream,
            sequence=stf.sequence,
            tf_first=stf.tf_first,
            tf_count=stf.tf_count,
            start=stf.start,
            end=stf.end,
            state=daq_state(stf.state.value, stf.substate.value if stf.substate else None),
            egress_at=stf.egress_at,
        )

    def volume(self, done: "Sampled") -> StfVolumeContent:
        """What is said of its index and its sample."""
        return StfVolumeContent(
            filename=self.filename,
            tf_count=self.tf_count,
            histograms=done.volume,
            stream=self.stream,
            sequence=self.sequence,
            start=self.start,
            end=self.end,
            state=None if self.state is None else str(self.state),
            egress_at=self.egress_at,
            sampled=sum(file.tf_count for file in done.files),
            evaluated=done.evaluated,
            bytes_read=done.cost["bytes_read"],
            stf_bytes=done.cost["stf_bytes"],
            requests=done.cost["requests"],
            source=done.site,
            failed=done.failed,
        )


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample files of an STF, how each was chosen, what its index contributes, what reading cost.

    It was read at `site`, after copies that `failed`.
    """

    files: tuple[SkimFile, ...]
    reports: tuple[SamplingReport, ...]
    volume: dict[str, Any]
    cost: Mapping[str, int]
    evaluated: int
    site: str
    failed: tuple[FailedRead, ...] = ()

    @property
    def read(self) -> dict[str, Any]:
        """Where it was read, and what that cost."""
        failed = [one.model_dump(mode="json") for one in self.failed]
        return {**self.cost, "site": self.site, **({"failed": failed} if failed else {})}


def seen_only(reader: StfReader, site: str) -> Sampled:
    """Of an STF that is not sampled: what its index contributes."""
    return Sampled((), (), encode(products_of_index(reader)), _cost(reader), 0, site)


def _cost(reader: StfReader) -> dict[str, int]:
    return {"bytes_read": reader.bytes_read, "requests": reader.requests, "stf_bytes": reader.size}


def sample_stf(
    source: Source,
    reader: StfReader,
    config: SamplingConfig,
    folder: Path,
    site: str,
    on_bad: OnBad = None,
) -> Sampled:
    """Write the sample files; done again it gives the same, bit for bit.

    Args:
        source: the STF.
        reader: of its file.
        config: which frames.
        folder: where the samples go.
        site: where the file is.
        on_bad: told of damaged frames, which are left out; None raises `CrcError`.
    """
    slots = reader.slots
    frames = StfFrames(
        run=source.run,
        first_tf=source.tf_first,
        count=source.tf_count,
        tf=reader.tf_numbers().astype("int64"),
        slot_bytes=slots.nbytes,
        slot_hits=slots.n_hits,
        state=source.state,
    )
    chosen = choose(config, frames)
    blocks = [block.tolist() for block in chosen.blocks]
    files = skim_open(reader, blocks, folder, partial(tf_filename, source.filename), on_bad=on_bad)
    return Sampled(
        files=tuple(files),
        reports=tuple(SamplingReport(**chosen.report(part)) for part in range(len(files))),
        volume=encode(products_of_index(reader)),
        cost=_cost(reader),
        evaluated=chosen.evaluated,
        site=site,
    )


def is_selected(sequence: int, fraction: float) -> bool:
    """Whether an STF is among the `fraction` of a run's files that are looked at: the first, evenly spread.

    A function of both alone, so that every node, and every retry, selects the same.
    """
    part = Fraction(str(fraction))
    return ceil(sequence * part) > ceil((sequence - 1) * part)


def record_of(said: TfFileRegistered, read: Mapping[str, Any]) -> FastmonFile:
    """The record of a sample file, given where its STF was read and what that cost."""
    return FastmonFile(
        tf_filename=said.tf_filename,
        tf_file_id=said.tf_file_id,
        stf_file=said.stf_filename,
        file_url=said.file_url,
        file_size_bytes=said.file_size_bytes,
        checksum=said.checksum,
        status=said.status,
        tf_first=said.tf_first,
        tf_last=said.tf_last,
        tf_count=said.tf_count,
        metadata={"sampling": said.sampling.model_dump(mode="json"), "read": dict(read)},
    )
