"""What is on disk of a run, read again: the files say themselves what is in them."""

from dataclasses import dataclass
from pathlib import Path

from swf_testbed.config.simulation import Simulation
from swf_testbed.model.errors import BadData
from swf_testbed.model.names import StfName
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    FastmonFile,
    StfFile,
)
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.urls import local_path


@dataclass(frozen=True, slots=True)
class Files:
    """What is on disk of a run."""

    complete_stfs: int
    sampled_hits: int


def count_files(monitor: MonitorClient, run_number: int, simulation: Simulation) -> Files:
    """Read a run's files again.

    STF files are counted in the folders of the registered ones, if they hold all their frames; hits are
    decoded from the sample files, every checksum verified.
    """
    stfs = [local_path(row.file_url) for row in monitor.list(StfFile, run=run_number) if row.file_url]
    samples = monitor.list(FastmonFile, run_number=run_number)
    whole = [
        path
        for folder in {path.parent for path in stfs}
        for path in folder.glob("*.stf")
        if is_complete(path, _frames_of(path, simulation))
    ]
    return Files(
        complete_stfs=len(whole),
        sampled_hits=sum(count_hits(local_path(row.file_url)) for row in samples if row.file_url),
    )


def _frames_of(path: Path, simulation: Simulation) -> int | None:
    """How many frames a file should have, which is known of those whose content was made."""
    frames = {one.stream: one.tf_per_stf for one in simulation.of_each_stream()}
    return frames.get(StfName.parse(path.name).stream) if simulation.source == "generate" else None


def is_complete(path: Path, frames: int | None) -> bool:
    """Whether an STF file is whole, by its own footer and index, and has that many frames, if known."""
    try:
        with StfReader.open(path) as reader:
            return not reader.recovered and frames in {None, len(reader.tf_numbers())}
    except (BadData, OSError):
        return False


def count_hits(path: Path) -> int:
    """Hits in all undamaged banks of a file; 0 if it cannot be read."""

    def ignore(damage: CrcError) -> None:
        del damage

    try:
        with StfReader.open(path) as reader:
            return sum(len(batch.hits) for batch in reader.hits_by_detector(on_bad=ignore).values())
    except (BadData, OSError):
        return 0
