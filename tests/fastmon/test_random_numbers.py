"""Random numbers of frames: the published generator, whatever the seed and the run."""

from zlib import crc32

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from swf_testbed.fastmon.hashing import uniform


def _mixed(value: int) -> int:
    """SplitMix64's finaliser as its authors print it, in whole numbers without end."""
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) % 2**64
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) % 2**64
    return value ^ value >> 31


def _plain_uniform(purpose: str, seed: int, run: int, number: int) -> float:
    key, step = crc32(purpose.encode()), 0x9E3779B97F4A7C15
    for word in (seed, run):
        key = _mixed((key * step + word) % 2**64)
    return (_mixed(_mixed((number * step + key) % 2**64)) >> 11) / 2**53


@settings(max_examples=30)
@given(
    purpose=st.text(max_size=5),
    seed=st.integers(-(2**70), 2**70),
    run=st.integers(-(2**70), 2**70),
    numbers=st.lists(st.integers(0, 2**63 - 1), max_size=4),
)
@example(purpose="fraction", seed=2**64 - 1, run=-1, numbers=[0, 1, 2**63 - 1])
def test_the_random_numbers_are_those_of_splitmix64_for_any_seed_and_run(
    purpose: str, seed: int, run: int, numbers: list[int]
) -> None:
    found = uniform(purpose, seed, run, np.array(numbers, np.int64))
    assert found.tolist() == [_plain_uniform(purpose, seed, run, number) for number in numbers]
