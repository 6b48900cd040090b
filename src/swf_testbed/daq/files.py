"""The exit buffer of one run: the STF files of all its streams, wherever their content comes from."""

import time
from pathlib import Path
from typing import Protocol

from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.anomalies import missing_stf, parse_anomalies
from swf_testbed.daq.buffer_room import BufferRoom, files_of_run
from swf_testbed.daq.generated import GeneratedFiles
from swf_testbed.daq.recorded import RecordedFiles, Recording
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.model.errors import Unavailable
from swf_testbed.stf.documents import WriteSummary, checksum_text


class StfSource(Protocol):
    """Where the STF files of one stream come from."""

    def write(self, path: Path, stf: StfSlot) -> WriteSummary:
        """Write one, complete when it has its name."""


LOOK_S = 2.0
"""How often the whole buffer is looked at; between, what is written is added."""


class ExitBuffer:
    """Writes and counts the STF files of one run.

    Args:
        folder: of the run; made if it is not there.
        run: run number.
        simulation: what is sent, in which streams, and where it comes from.
        capacity_bytes: what the folders of all runs together may hold; None is what the disk can.

    Raises:
        BadInput: the beam or an anomaly does not exist, or there is nothing to play.
        Unavailable: what is to be played cannot be listed, or the folder cannot be made.
    """

    def __init__(
        self, folder: Path, run: int, simulation: Simulation, capacity_bytes: int | None = None
    ) -> None:
        self._folder, self._run = folder, run
        self._room = BufferRoom(folder.parent, capacity_bytes)
        self._largest = self._used = self._capacity = 0
        self._looked = float("-inf")
        self._anomalies = parse_anomalies(simulation.anomalies, "simulation.anomalies")
        self._streams = {one.stream: one for one in simulation.of_each_stream()}
        self._sources = self._open(simulation)
        self._announced = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the exit buffer takes no files: {error.strerror} ({folder})") from error

    def _open(self, simulation: Simulation) -> dict[str, StfSource]:
        match simulation.source:
            case "play":
                recording = Recording.found(simulation.recorded)
                return {
                    name: RecordedFiles(recording.of_stream(name), one.restamp, one.tf_per_stf)
                    for name, one in self._streams.items()
                }
            case "announce":
                return {}
            case _:
                return {
                    name: GeneratedFiles(self._run, one, self._anomalies)
                    for name, one in self._streams.items()
                }

    def write(self, stf: StfSlot) -> WrittenStf | None:
        """Write one, or only give it its name; None if an anomaly swallows it."""
        stream, sequence = stf.name.stream, stf.name.sequence
        frames = self._streams[stream].tf_per_stf
        first_tf = (sequence - 1) * frames
        if missing_stf(self._anomalies, sequence, first_tf, stf.run_s):
            return None
        path = self._folder / str(stf.name)
        source = self._sources.get(stream)
        if source is None:
            self._announced += 1
            return WrittenStf(path.name, path.absolute().as_uri(), 0, checksum_text(1), first_tf, frames)
        written = _written(source.write(path, stf))
        self._largest = max(self._largest, written.size_bytes)
        self._used += written.size_bytes
        return written

    def count(self) -> int:
        """Complete files, also those that were deleted as archived; and what was only announced."""
        return self._announced + len(files_of_run(self._folder))

    def lacks_room(self) -> str:
        """Why another file as large as the largest has no room; empty if it has."""
        if not self._sources:
            return ""
        if not self._fits():
            self._looked = float("-inf")  # what was deleted meanwhile counts
        if self._fits():
            return ""
        return f"the exit buffer is full: {self._used / 1e9:.3g} of {self._capacity / 1e9:.3g} GB"

    def _fits(self) -> bool:
        if time.monotonic() - self._looked > LOOK_S:
            self._used = self._room.usage().used_bytes
            self._capacity = self._room.capacity(self._used)
            self._looked = time.monotonic()
        return self._used + self._largest <= self._capacity


def _written(summary: WriteSummary) -> WrittenStf:
    return WrittenStf(
        filename=summary.path.name,
        file_url=summary.path.absolute().as_uri(),
        size_bytes=summary.size_bytes,
        checksum=summary.checksum,
        tf_first=summary.tf_first,
        tf_count=summary.tf_count,
    )
