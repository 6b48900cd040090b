"""The hits of many frames, detector by detector: what histograms are filled from."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from swf_testbed.stf.errors import CrcError, OnBad
from swf_testbed.stf.frames import BankHead, check_frame, decode_bank
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


class _Detector:
    """What is gathered of one detector: parallel lists, one entry a bank."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.pieces: list[bytes] = []
        self.counts: list[int] = []
        self.nbytes: list[int] = []

    def batch(self, detector: int, n_frames: int) -> HitBatch:
        def per_frame(values: list[int] | None) -> NDArray[np.int64]:
            return np.bincount(self.frames, values, n_frames).astype(np.int64)

        hits = np.frombuffer(b"".join(self.pieces), "<u8")
        return HitBatch(detector, hits, per_frame(self.counts), per_frame(self.nbytes), per_frame(None))


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
    found: dict[int, _Detector] = defaultdict(_Detector)
    n_frames = 0
    for number, block in enumerate(blocks):
        n_frames += 1
        try:
            _gather(found, number, block, on_bad, file, None if tfs is None else tfs[number])
        except CrcError as error:
            if on_bad is None:
                raise
            on_bad(error)
    return {detector: found[detector].batch(detector, n_frames) for detector in sorted(found)}


def _gather(
    found: dict[int, _Detector], number: int, block: bytes, on_bad: OnBad, file: str, tf: int | None
) -> None:
    head, table = check_frame(block, file=file, tf=tf)
    checksum, plain, hit64 = google_crc32c.value, int(Codec.NONE), int(Encoding.HIT64)
    end = head.table_end
    for line in table.tolist():
        detector, _, encoding, codec, _, nbytes, n_hits, raw_bytes, crc = line
        start, end = end, end + (nbytes + 7 & -8)
        data = block[start : start + nbytes]
        # The common case inline: a call a bank would cost as much as the checksum.
        if checksum(data) != crc or codec != plain or not nbytes == raw_bytes == 8 * n_hits:
            decoded = decode_bank(BankHead._make(line), data, file=file, tf=head.tf)
            if isinstance(decoded, CrcError):
                if on_bad is None:
                    raise decoded
                on_bad(decoded)
                continue
            data = decoded
        entry = found[detector]
        hits = data if encoding == hit64 else b""
        entry.frames.append(number)
        entry.pieces.append(hits)
        entry.counts.append(len(hits) // 8)
        entry.nbytes.append(nbytes)
