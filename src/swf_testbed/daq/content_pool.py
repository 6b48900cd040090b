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
        self._banks = [banks for content in generator.batches(run, 0, frames) for banks in _split(content)]
        self._n_slot = len(generator.subsystems)
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
        chosen = [self._banks[tf % len(self._banks)] for tf in range(first_tf, first_tf + n_frames)]
        counts = np.array([[len(bank) for bank in banks] for banks in chosen], np.int64)
        hits = np.empty(int(counts.sum()), np.uint64)
        start = 0
        for offset, banks in enumerate(chosen):
            turn = self._turn(first_tf + offset)
            for bank in banks:
                _rotate(bank, turn, hits[start : start + len(bank)])
                start += len(bank)
        shape = (n_frames, self._n_slot)
        return Content(first_tf, hits, counts, np.ones(shape, bool), np.zeros(shape, bool))

    def _turn(self, tf: int) -> int:
        """Crossings by which the pool's frame is rotated to stand for frame `tf`."""
        use, source = divmod(tf, len(self._banks))
        phase = (source - tf) * BC_PER_TF % BUNCHES_PER_ORBIT
        return (phase + use * BUNCHES_PER_ORBIT) % _WHOLE


def _split(content: Content) -> list[list[Words]]:
    """Banks frame by frame, without the hits beyond the whole orbits."""
    limit = np.uint64(_WHOLE) << _CROSSING_SHIFT
    slots = range(content.counts.shape[1])
    frames = []
    for frame in range(content.n_frames):
        banks = [content.bank(frame, slot) for slot in slots]
        frames.append([bank[: np.searchsorted(bank, limit)] for bank in banks])
    return frames


def _rotate(bank: Words, turn: int, out: Words) -> None:
    """The bank with every crossing later by `turn`, modulo the whole orbits; stays sorted."""
    kept = int(np.searchsorted(bank, np.uint64(_WHOLE - turn) << _CROSSING_SHIFT))
    wrapped = len(bank) - kept
    np.subtract(bank[kept:], np.uint64(_WHOLE - turn) << _CROSSING_SHIFT, out=out[:wrapped])
    np.add(bank[:kept], np.uint64(turn) << _CROSSING_SHIFT, out=out[wrapped:])
