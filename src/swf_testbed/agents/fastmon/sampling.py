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
from swf_testbed.messages import SamplingReport, TfFileRegistered
from swf_testbed.model.names import tf_filename
from swf_testbed.model.states import DaqState
from swf_testbed.records import FastmonFile
from swf_testbed.stf.errors import OnBad
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import SkimFile, skim_open


@dataclass(frozen=True, slots=True)
class Source:
    """An STF as it is sampled: what was announced of it, or what its file says; `state` None is unknown."""

    run: int
    filename: str
    tf_first: int
    tf_count: int
    state: DaqState | None
    egress_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sampled:
    """The sample files of an STF, how each was chosen, what its index contributes, what reading cost."""

    files: tuple[SkimFile, ...]
    reports: tuple[SamplingReport, ...]
    volume: dict[str, Any]
    cost: Mapping[str, int]


def sample_stf(
    source: Source, reader: StfReader, config: SamplingConfig, folder: Path, on_bad: OnBad = None
) -> Sampled:
    """Write the sample files; done again it gives the same, bit for bit.

    Args:
        source: the STF.
        reader: of its file.
        config: which frames.
        folder: where the samples go.
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
        cost={"bytes_read": reader.bytes_read, "requests": reader.requests, "stf_bytes": reader.size},
    )


def is_selected(sequence: int, fraction: float) -> bool:
    """Whether an STF is among the `fraction` of a run's files that are looked at: the first, evenly spread.

    A function of both alone, so that every node, and every retry, selects the same.
    """
    part = Fraction(str(fraction))
    return ceil(sequence * part) > ceil((sequence - 1) * part)


def record_of(said: TfFileRegistered, cost: Mapping[str, int]) -> FastmonFile:
    """The record of a sample file."""
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
        metadata={"sampling": said.sampling.model_dump(mode="json"), "read": dict(cost)},
    )
