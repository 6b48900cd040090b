"""Hits as columns, while they are made: before they are packed into words and sorted into banks."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.model.detectors import BC_PER_TF, FINE_PER_BC

TICKS_PER_TF = BC_PER_TF * FINE_PER_BC
"""Fine-time bins in a frame: 2^24."""


@dataclass(slots=True)
class HitColumns:
    """Hits of one subsystem.

    Attributes:
        time: fine-time bins since the start of the first frame; may lie before or beyond the frames at hand.
        channel: channel numbers.
        adc: amplitudes in ADC counts, not yet digitised.
    """

    time: NDArray[np.int64]
    channel: NDArray[np.int64]
    adc: NDArray[np.floating[Any]]

    def frame(self) -> NDArray[np.int64]:
        """The position of each hit's frame; only for hits inside the frames at hand."""
        return self.time // TICKS_PER_TF

    def keep(self, mask: NDArray[np.bool_]) -> "HitColumns":
        """The hits where the mask is true."""
        return HitColumns(self.time[mask], self.channel[mask], self.adc[mask])

    def inside(self, n_frames: int) -> "HitColumns":
        """The hits in the first `n_frames` frames."""
        inside = (self.time >= 0) & (self.time < n_frames * TICKS_PER_TF)
        return self if inside.all() else self.keep(inside)

    def extended(self, more: "HitColumns") -> "HitColumns":
        """These hits and more."""
        return HitColumns(
            np.concatenate((self.time, more.time)),
            np.concatenate((self.channel, more.channel)),
            np.concatenate((self.adc, more.adc)),
        )

    def shifted(self, frames: NDArray[np.bool_], ticks: int) -> "HitColumns":
        """With the hits of the marked frames later by `ticks`; what leaves the frames at hand is lost."""
        moved = HitColumns(self.time + frames[self.frame()] * ticks, self.channel, self.adc)
        return moved.inside(len(frames))

    @classmethod
    def at_random(
        cls,
        rng: np.random.Generator,
        frame: NDArray[np.int64],
        channel: NDArray[np.int64],
        adc: NDArray[np.floating[Any]],
    ) -> "HitColumns":
        """Hits at times that know nothing of the beam, in given frames."""
        within = rng.integers(0, TICKS_PER_TF, len(frame), dtype=np.uint32)
        return cls(frame * TICKS_PER_TF + within, channel, adc)
