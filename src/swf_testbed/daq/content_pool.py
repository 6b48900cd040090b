"""Content at the speed of storage: a few frames made once, and handed out again rotated.

A frame is rotated by whole bunch patterns plus what brings its phase on the orbit to that of the frame it
stands for, so that the abort gap stays where it belongs. A file made from a pool says so in its header
(flag bit 1, recycled content).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.model.detectors import BC_PER_TF, BUNCHES_PER_ORBIT
from swf_testbed.model.errors import BadInput

_ORBITS = BC_PER_TF // BUNCHES_PER_ORBIT
_WHOLE = _ORBITS * BUNCHES_PER_ORBIT
"""Crossings of the whole orbits in a frame: 65 520; the 16 after them stay empty in recycled frames."""

_CROSSING_SHIFT = np.uint64(48)
_CACHED = 60_000
"""Words that are rotated at once: so many, and what is made on the way, stay in a processor's cache."""

Words = NDArray[np.uint64]


class ContentPool:
    """Hands out frames of a run from a pool; same arguments, same hits.

    Args:
        generator: makes the pool's frames; must be without anomalies.
        run: run number.
        frames: how many frames the pool holds.

    Raises:
        BadInput: the generator injects anomalies, which recycled content cannot time.
    """

    recycled = True

    def __init__(self, generator: ContentGenerator, run: int, frames: int = 32) -> None:
        if generator.anomalies:
            raise BadInput("anomalies", len(generator.anomalies), "must be none with recycled content")
        if frames < 1:
            raise BadInput("pool frames", frames, "must be 1 or more")
        banks = [banks for content in generator.batches(run, 0, frames) for banks in _split(content)]
        self._counts = np.array([[len(bank) for bank in one] for one in banks], np.int64)
        self._frames = [np.concatenate(one) for one in banks]
        self.batch_frames = generator.batch_frames

    def batches(
        self, run: int, first_tf: int, n_frames: int, start_s: float | None = None
    ) -> Iterator[Content]:
        """The frames of an STF in pieces; as of `ContentGenerator.batches`."""
        del run, start_s
        for done in range(0, n_frames, self.batch_frames):
            yield self.generate(first_tf + done, min(self.batch_frames, n_frames - done))

    def generate(self, first_tf: int, n_frames: int) -> Content:
        """The content of `n_frames` frames from number `first_tf`."""
        tf = np.arange(first_tf, first_tf + n_frames)
        source = tf % len(self._frames)
        counts, turns = self._counts[source], self._turns(tf)
        hits = np.empty(int(counts.sum()), np.uint64)
        piece, start = max(1, _CACHED * n_frames // (len(hits) + 1)), 0
        for first in range(0, n_frames, piece):
            part = slice(first, first + piece)
            words = np.concatenate([self._frames[number] for number in source[part]])
            _rotate(words, counts[part], turns[part], hits[start : start + len(words)])
            start += len(words)
        return Content(first_tf, hits, counts, np.ones(counts.shape, bool), np.zeros(counts.shape, bool))

    def _turns(self, tf: NDArray[np.int64]) -> NDArray[np.int64]:
        """Crossings by which the pool's frames are rotated to stand for the frames `tf`."""
        use, source = np.divmod(tf, len(self._frames))
        phase = (source - tf) * BC_PER_TF % BUNCHES_PER_ORBIT
        turns: NDArray[np.int64] = (phase + use * BUNCHES_PER_ORBIT) % _WHOLE
        return turns


def _split(content: Content) -> list[list[Words]]:
    """Banks frame by frame, without the hits beyond the whole orbits."""
    limit = np.uint64(_WHOLE) << _CROSSING_SHIFT
    slots = range(content.counts.shape[1])
    frames = []
    for frame in range(content.n_frames):
        banks = [content.bank(frame, slot) for slot in slots]
        frames.append([bank[: np.searchsorted(bank, limit)] for bank in banks])
    return frames


def _rotate(words: Words, counts: NDArray[np.int64], turns: NDArray[np.int64], out: Words) -> None:
    """Every crossing later by the turn of its frame, modulo the whole orbits; banks stay sorted.

    Args:
        words: bank after bank.
        counts: words of each bank, (frames, banks).
        turns: crossings, (frames).
        out: takes the words.
    """
    turn = np.repeat(turns.astype(np.uint64) << _CROSSING_SHIFT, counts.sum(axis=1))
    whole = np.uint64(_WHOLE) << _CROSSING_SHIFT
    wraps = words >= whole - turn
    moved = words + turn  # modulo 2^64, which the subtraction makes good
    np.subtract(moved, whole, out=moved, where=wraps)
    # In each bank what wraps comes first, and the rest after it.
    sizes = counts.ravel()
    ends = np.cumsum(sizes)
    wrapping = np.concatenate(([0], np.cumsum(wraps)))
    n_wraps = wrapping[ends] - wrapping[ends - sizes]
    place = np.arange(len(words)) + np.repeat(n_wraps, sizes)
    place[wraps] -= np.repeat(sizes, sizes)[wraps]
    out[place] = moved
