"""Random numbers that belong to a frame: the same on every node, in every process, at every retry."""

from zlib import crc32

import numpy as np
from numpy.typing import NDArray

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _splitmix64(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection that mixes all 64 bits."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


def uniform(purpose: str, seed: int, run: int, numbers: NDArray[np.integer]) -> NDArray[np.float64]:
    """A number in [0, 1) for each of `numbers`, a function of all four arguments alone."""
    key = np.array([crc32(purpose.encode())], np.uint64)
    for word in (seed, run):
        key = _splitmix64(key * _GAMMA + np.uint64(word % 2**64))
    mixed = _splitmix64(_splitmix64(numbers.astype(np.uint64) * _GAMMA + key))
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
