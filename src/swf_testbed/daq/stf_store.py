"""Where the DAQ's files go: what is to be written, what was written, and who writes it."""

from dataclasses import dataclass
from typing import Protocol

from swf_testbed.model.names import StfName
from swf_testbed.model.states import DaqState


@dataclass(frozen=True, slots=True)
class StfSlot:
    """An STF to be written: `t0_ns` is its start (Unix time), `run_s` that in s since physics began."""

    name: StfName
    state: DaqState
    t0_ns: int
    run_s: float


@dataclass(frozen=True, slots=True)
class WrittenStf:
    """A complete STF file, as it is announced."""

    filename: str
    file_url: str
    size_bytes: int
    checksum: str
    tf_first: int
    tf_count: int


class StfStore(Protocol):
    """Where the STF files of a run are written."""

    def write(self, stf: StfSlot) -> WrittenStf | None:
        """Write one; None if the DAQ lost it."""

    def count(self) -> int:
        """How many complete files of the run there are, in all streams."""

    def lacks_room(self) -> str:
        """Why there is no room for another file; empty if there is."""
