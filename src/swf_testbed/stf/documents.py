"""What an STF1 file says: its header, frames and banks, and what the writer reports."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID
from zlib import adler32

import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.detectors import BC_NS, BC_PER_TF
from swf_testbed.stf.layout import Codec, Encoding, FileFlags

_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """One subsystem as the file header lists it."""

    id: int
    name: str
    channels: int
    units: int
    encoding: Encoding = Encoding.HIT64


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHeader:
    """The header of a file. `t0_ns` is Unix time of the first frame, `bc_ns` one bunch crossing in ns."""

    run: int
    sequence: int
    first_tf: int
    t0_ns: int
    detectors: tuple[DetectorInfo, ...]
    uuid: UUID
    flags: FileFlags = FileFlags.NONE
    state: str = ""
    substate: str = ""
    stream: str = ""
    bc_ns: float = BC_NS
    bc_per_tf: int = BC_PER_TF

    @property
    def n_slot(self) -> int:
        """Slots a frame has in the index: one for each detector, in the header's order."""
        return len(self.detectors)

    def slot_of(self) -> dict[int, int]:
        """Detector id → its slot in the index."""
        return {detector.id: slot for slot, detector in enumerate(self.detectors)}


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """What one readout link of one detector sent in one frame.

    `data` is decoded: a `<u8` array of hits for HIT64, bytes for opaque; `codec` is how it is stored.
    `n_hits` differs from `len(data)` only for opaque banks, and in files without payload.
    """

    detector: int
    link: int
    encoding: Encoding
    codec: Codec
    status: int
    data: bytes | NDArray[np.uint64]
    n_hits: int

    @classmethod
    def of_hits(
        cls, detector: int, link: int, hits: NDArray[np.uint64], codec: Codec = Codec.NONE, status: int = 0
    ) -> "Bank":
        """A HIT64 bank."""
        return cls(detector, link, Encoding.HIT64, codec, status, hits, len(hits))

    @classmethod
    def opaque(
        cls, detector: int, link: int, data: bytes, codec: Codec = Codec.NONE, status: int = 0
    ) -> "Bank":
        """A bank of bytes that the testbed does not interpret."""
        return cls(detector, link, Encoding.OPAQUE, codec, status, data, 0)

    @property
    def hits(self) -> NDArray[np.uint64]:
        """The hits; none for an opaque bank."""
        return np.empty(0, "<u8") if isinstance(self.data, bytes) else self.data


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One time frame. `bc0` is its first bunch crossing, `t_ns` its Unix time; `run` in the low 32 bits."""

    tf: int
    bc0: int
    t_ns: int
    run: int
    flags: int
    banks: tuple[Bank, ...]

    @property
    def n_hits(self) -> int:
        """Hits in all banks."""
        return sum(bank.n_hits for bank in self.banks)


@dataclass(frozen=True, slots=True, eq=False)
class FrameBatch:
    """Many frames with the same HIT64 banks, for the writer's bulk path.

    Args:
        tf: number of the first frame; the others follow it.
        bc0: first bunch crossing of each frame (n_frames).
        t_ns: Unix time of each frame (n_frames).
        counts: hits of each bank of each frame (n_frames, n_bank).
        bank_detector: detector id of each bank (n_bank).
        bank_link: readout link of each bank (n_bank).
        hits: all hits, ordered by frame, then bank (counts.sum()).
        flags: flags of each frame (n_frames); None is 0.
    """

    tf: int
    bc0: NDArray[np.uint64]
    t_ns: NDArray[np.uint64]
    counts: NDArray[np.uint32]
    bank_detector: NDArray[np.uint16]
    bank_link: NDArray[np.uint16]
    hits: NDArray[np.uint64]
    flags: NDArray[np.uint16] | None = None


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """A finished file: sizes in bytes, `checksum` as `ad:` and the file's adler32 in 8 hex digits."""

    path: Path
    size_bytes: int
    checksum: str
    index_offset: int
    tf_first: int
    tf_count: int
    n_hits: int


def checksum_text(adler32: int) -> str:
    """An adler32 as the testbed's records write it; always 8 digits, as Rucio demands."""
    return f"ad:{adler32:08x}"


def file_checksum(path: Path) -> str:
    """The checksum of a whole file, read in pieces."""
    value = 1
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            value = adler32(piece, value)
    return checksum_text(value)
