"""The hits of many frames, detector by detector: what histograms are filled from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from swf_testbed.stf import layout
from swf_testbed.stf.errors import CrcError, OnBad
from swf_testbed.stf.frames import BankHead, check_frame, decode_bank, padded_sizes
from swf_testbed.stf.layout import Codec, Encoding


@dataclass(frozen=True, slots=True, eq=False)
class HitBatch:
    """One detector over many frames; damaged banks are in none of the numbers.

    Attributes:
        detector: the detector's id.
        hits: its HIT64 hits, ordered by frame, then bank (`<u8`).
        counts: hits in each frame (n_frames); opaque banks have none.
        nbytes: stored bytes in each frame (n_frames).
        banks: banks in each frame (n_frames), so that a missing bank can be seen.
    """

    detector: int
    hits: NDArray[np.uint64]
    counts: NDArray[np.int64]
    nbytes: NDArray[np.int64]
    banks: NDArray[np.int64]


def frame_hits_by_detector(
    blocks: Iterable[bytes],
    on_bad: OnBad = None,
    *,
    file: str = "",
    tfs: Sequence[int] | None = None,
) -> dict[int, HitBatch]:
    """The hits of whole frames (their raw bytes) by detector, every checksum verified.

    Args:
        blocks: the frames, as `StfReader.read_blocks` gives them.
        on_bad: told about each damaged bank or frame, which is left out; None raises `CrcError`.
        file: where the frames come from, for the error text.
        tfs: the frames' numbers as the index has them; another number in a frame is an error.

    Returns:
        Detector id → its hits; a detector that has no bank in any frame is not there.
    """
    frames = _Frames()
    for number, block in enumerate(blocks):
        try:
            frames.add(block, file, None if tfs is None else tfs[number])
        except CrcError as error:
            if on_bad is None:
                raise
            on_bad(error)
            frames.add_none()
    return frames.decode(on_bad, file)


class _Frames:
    """Checked frames and all their banks in one table: per-bank work in Python is the slow part."""

    def __init__(self) -> None:
        self.numbers: list[int | None] = []
        self.table_ends: list[int] = []
        self.n_banks: list[int] = []
        self.tables: list[bytes] = []
        self.owners: list[bytes] = []

    def add(self, block: bytes, file: str, tf: int | None) -> None:
        head, table = check_frame(block, file=file, tf=tf)
        self.numbers.append(head.tf)
        self.table_ends.append(head.table_end)
        self.n_banks.append(head.n_bank)
        self.tables.append(table.tobytes())
        self.owners += [block] * head.n_bank

    def add_none(self) -> None:
        """A damaged frame: it counts as one without banks."""
        self.numbers.append(None)
        self.table_ends.append(0)
        self.n_banks.append(0)

    def decode(self, on_bad: OnBad, file: str) -> dict[int, HitBatch]:
        # Joined as bytes, because NumPy concatenates structures slowly.
        banks = np.frombuffer(b"".join(self.tables), layout.BANK)
        frame_of = np.repeat(np.arange(len(self.numbers)), self.n_banks)
        starts = self._starts(padded_sizes(banks))
        bounds = zip(self.owners, starts.tolist(), (starts + banks["nbytes"]).tolist(), strict=True)
        pieces = [block[start:end] for block, start, end in bounds]
        usable = np.ones(len(banks), np.bool_)
        for row in np.flatnonzero(~_plain(banks, pieces)).tolist():
            bank = BankHead._make(banks[row].item())
            data = decode_bank(bank, pieces[row], file=file, tf=self.numbers[frame_of[row]])
            if isinstance(data, bytes):
                pieces[row] = data if bank.encoding == Encoding.HIT64 else b""
                continue
            if on_bad is None:
                raise data
            on_bad(data)
            usable[row] = False
        found = {}
        for detector in np.unique(banks["detector"]).tolist():
            rows = np.flatnonzero((banks["detector"] == detector) & usable)
            mine = [pieces[row] for row in rows.tolist()]
            found[detector] = _batch(detector, mine, frame_of[rows], banks["nbytes"][rows], len(self.numbers))
        return found

    def _starts(self, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each bank's payload begins in its own frame."""
        ends = np.concatenate([[0], np.cumsum(sizes)])
        first = np.concatenate([[0], np.cumsum(self.n_banks)])[:-1].astype(np.int64)
        starts: NDArray[np.int64] = ends[:-1] + np.repeat(self.table_ends - ends[first], self.n_banks)
        return starts


def _plain(banks: NDArray[np.void], pieces: list[bytes]) -> NDArray[np.bool_]:
    """Which banks are intact and stored as they are: HIT64 without compression."""
    checksums = np.fromiter(map(google_crc32c.value, pieces), np.uint32, len(pieces))
    sizes = banks["n_hits"].astype(np.int64) * 8
    stored = (banks["encoding"] == Encoding.HIT64) & (banks["codec"] == Codec.NONE)
    same_size = (banks["nbytes"] == sizes) & (banks["raw_bytes"] == sizes)
    plain: NDArray[np.bool_] = stored & same_size & (checksums == banks["crc"])
    return plain


def _batch(
    detector: int, pieces: list[bytes], frames: NDArray[np.int64], nbytes: NDArray[np.uint32], n_frames: int
) -> HitBatch:
    def per_frame(values: NDArray[np.integer] | None) -> NDArray[np.int64]:
        return np.bincount(frames, values, n_frames).astype(np.int64)

    counts = np.fromiter(map(len, pieces), np.int64, len(pieces)) // 8
    hits = np.frombuffer(b"".join(pieces), "<u8")
    return HitBatch(detector, hits, per_frame(counts), per_frame(nbytes), per_frame(None))
