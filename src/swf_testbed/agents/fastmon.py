"""The fast monitoring agent: reads a small part of each STF's frames, by byte ranges, into sample files."""

from functools import partial
from pathlib import Path
from typing import ClassVar

from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.fill import products_of_index
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.sampling import SamplingConfig, choose, parse_sampling
from swf_testbed.messages import SamplingReport, StfReady, StfVolume, StfVolumeContent, TfFileRegistered
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import derived_id, tf_filename
from swf_testbed.model.states import daq_state
from swf_testbed.records import FastmonFile
from swf_testbed.runtime import BaseAgent, handles
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import SkimFile, skim_open

REGISTERED = "registered"


class FastmonAgent(BaseAgent):
    """Samples every STF; the same STF gives the same sample files, bit for bit, however often it comes."""

    agent_type: ClassVar[str] = "fastmon"
    prefetch: ClassVar[int] = 20

    @handles(StfReady)
    def sample(self, stf: StfReady) -> None:
        """Choose frames, copy them, register the sample files in one request, announce them."""
        parameters = self.context.parameters(stf.execution_id)
        with StfReader.open(stf.file_url) as reader:
            if reader.header.run != stf.run_id and not parameters.simulation.plays_as_is:
                raise BadInput("file_url", stf.file_url, f"holds run {reader.header.run}, not {stf.run_id}")
            chosen = choose(sampling_config(parameters), _frames(stf, reader))
            files = skim_open(
                reader,
                [block.tolist() for block in chosen.blocks],
                self._folder(stf),
                partial(tf_filename, stf.filename),
            )
            volume = encode(products_of_index(reader))
            cost = {"bytes_read": reader.bytes_read, "requests": reader.requests, "stf_bytes": reader.size}
        reports = [SamplingReport(**chosen.report(part)) for part in range(len(files))]
        said = [self._announcement(stf, file, report) for file, report in zip(files, reports, strict=True)]
        self.context.monitor.upsert([_record(message, cost) for message in said])
        content = StfVolumeContent(filename=stf.filename, tf_count=stf.tf_count, histograms=volume)
        self.context.bus.publish_many([*said, self.context.message(StfVolume, cause=stf, content=content)])

    def _folder(self, stf: StfReady) -> Path:
        return self.context.settings.state_dir / "samples" / str(stf.run_id)

    def _announcement(self, stf: StfReady, file: SkimFile, report: SamplingReport) -> TfFileRegistered:
        return self.context.message(
            TfFileRegistered,
            cause=stf,
            tf_file_id=derived_id("tf-file", stf.namespace, file.path.name),
            tf_filename=file.path.name,
            file_url=file.path.absolute().as_uri(),
            stf_filename=stf.filename,
            tf_first=file.tf_first,
            tf_last=file.tf_last,
            tf_count=file.tf_count,
            file_size_bytes=file.size_bytes,
            checksum=file.checksum,
            status=REGISTERED,
            sampling=report,
            egress_at=stf.egress_at,
        )


def sampling_config(parameters: Parameters) -> SamplingConfig:
    """How a run is sampled: by its policies, or else by blocks of the configured number and fraction."""
    section = parameters.fastmon
    blocks = {
        "kind": "blocks",
        "blocks": section.tf_files_per_stf,
        "fraction": parameters.fast_processing.stf_sampling_rate,
    }
    table = {
        "policies": section.policies or (blocks,),
        "files": section.tf_files_per_stf,
        "seed": section.seed,
    }
    return parse_sampling(table, "fastmon")


def _frames(stf: StfReady, reader: StfReader) -> StfFrames:
    slots = reader.slots
    return StfFrames(
        run=stf.run_id,
        first_tf=stf.tf_first,
        count=stf.tf_count,
        tf=reader.tf_numbers().astype("int64"),
        slot_bytes=slots.nbytes,
        slot_hits=slots.n_hits,
        state=daq_state(stf.state.value, stf.substate.value if stf.substate else None),
    )


def _record(said: TfFileRegistered, cost: dict[str, int]) -> FastmonFile:
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
        metadata={"sampling": said.sampling.model_dump(mode="json"), "read": cost},
    )
