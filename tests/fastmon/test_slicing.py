"""Slices: exactly so many, in proportion, whole, and none across files."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.config.parameters import FastProcessing
from swf_testbed.fastmon.slicing import SliceRange, cut_file, slices_by_file
from swf_testbed.model.errors import BadInput

USUAL = FastProcessing().slices_per_sample
COUNTS = st.lists(st.integers(1, 400), min_size=1, max_size=30)


def cut_sample(files: Sequence[range], wanted: int = USUAL) -> list[list[SliceRange]]:
    """The slices of every file of a sample; each announcement of a file is enough for its own."""
    counts = [len(frames) for frames in files]
    return [cut_file(frames, slices_by_file(counts, wanted)[part]) for part, frames in enumerate(files)]


def test_the_default_sample_makes_fifteen_slices() -> None:
    files = [range(100 * part, 100 * part + length) for part, length in enumerate([7, 7, 7, 8, 7, 7, 7])]
    cut = cut_sample(files)
    assert [len(slices) for slices in cut] == [2, 2, 2, 3, 2, 2, 2]
    assert cut[3] == [SliceRange(0, 300, 301, 2), SliceRange(1, 302, 304, 3), SliceRange(2, 305, 307, 3)]


@given(counts=COUNTS, wanted=st.integers(1, 60))
def test_every_promise_holds_for_any_sample(counts: list[int], wanted: int) -> None:
    starts = [sum(counts[:part]) * 3 for part in range(len(counts))]
    files = [range(start, start + count) for start, count in zip(starts, counts, strict=True)]
    cut = cut_sample(files, wanted)
    assert sum(map(len, cut)) == max(min(wanted, sum(counts)), len(counts))
    for frames, slices in zip(files, cut, strict=True):
        assert [piece.slice_id for piece in slices] == list(range(len(slices)))
        assert slices
        seen = [tf for piece in slices for tf in range(piece.start, piece.end + 1)]
        assert seen == list(frames)
        assert all(piece.tf_count == piece.end - piece.start + 1 >= 1 for piece in slices)
        lengths = [piece.tf_count for piece in slices]
        assert max(lengths) - min(lengths) <= 1


@given(counts=COUNTS, wanted=st.integers(1, 60))
def test_shares_are_in_proportion(counts: list[int], wanted: int) -> None:
    shares = slices_by_file(counts, wanted)
    quotas = [count * wanted / sum(counts) for count in counts]
    if min(quotas) >= 1 and wanted <= sum(counts):
        assert all(abs(share - quota) < 1 for share, quota in zip(shares, quotas, strict=True))


def test_frames_with_gaps_are_cut_by_position() -> None:
    assert cut_file([3, 17, 20, 91], 2) == [SliceRange(0, 3, 17, 2), SliceRange(1, 20, 91, 2)]


def test_small_samples_make_fewer_slices_and_many_files_one_each() -> None:
    assert slices_by_file([2, 1], USUAL) == [2, 1]
    assert slices_by_file([5] * 20, USUAL) == [1] * 20


@pytest.mark.parametrize(
    ("frames", "wanted", "shares"),
    [
        # 3.5, 2.1 and 1.4 in proportion: the last slice is the first file's, which lacks the most.
        ([5, 3, 2], 7, [4, 2, 1]),
        ([2, 2], 3, [2, 1]),
        ([1, 10], 8, [1, 7]),
        ([10, 1, 1], 11, [9, 1, 1]),
        ([1, 1, 3], 4, [1, 1, 2]),
        ([3], 1, [1]),
        ([2, 2], 4, [2, 2]),
        ([2, 2], 9, [2, 2]),
        ([2, 10], 60, [2, 10]),
    ],
)
def test_these_samples_are_cut_so(frames: list[int], wanted: int, shares: list[int]) -> None:
    assert slices_by_file(frames, wanted) == shares


def test_nonsense_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^slices_per_sample = 0: must be 1 or more$"):
        slices_by_file([3], 0)
    with pytest.raises(BadInput, match=r"^tf_counts = \[3, 0\]: every sample file must have a frame$"):
        slices_by_file((3, 0), USUAL)
