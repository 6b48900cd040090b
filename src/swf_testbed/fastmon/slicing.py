"""Cutting an STF's sample into slices, the pieces of work that workers take."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from swf_testbed.model.errors import BadInput


@dataclass(frozen=True, slots=True)
class SliceRange:
    """A piece of one sample file: its `tf_count` frames with numbers from `start` to `end`, inclusive."""

    slice_id: int
    start: int
    end: int
    tf_count: int


def slices_by_file(tf_counts: Sequence[int], slices_per_sample: int) -> list[int]:
    """How many slices each sample file is cut into.

    Exactly `slices_per_sample` in all, in proportion to the files' lengths by largest remainder, at least one
    a file and at most one a frame. So there are fewer when the sample has fewer frames, and one a file when
    it has more files than that.

    Args:
        tf_counts: frames of every sample file of one STF.
        slices_per_sample: slices of the whole sample.

    Raises:
        BadInput: a file without frames, or no slices wanted.
    """
    if slices_per_sample < 1:
        raise BadInput("slices_per_sample", slices_per_sample, "must be 1 or more")
    if any(count < 1 for count in tf_counts):
        raise BadInput("tf_counts", list(tf_counts), "every sample file must have a frame")
    frames = sum(tf_counts)
    wanted = min(slices_per_sample, frames)
    shares = [1] * len(tf_counts)
    for _ in range(wanted - len(tf_counts)):
        # The file that is furthest below its proportion gets the next slice; the first of equals. It is none
        # with a slice a frame already: what that is owed is never more than 0, and in all something is.
        owed = [count * wanted - share * frames for count, share in zip(tf_counts, shares, strict=True)]
        shares[owed.index(max(owed))] += 1
    return shares


def cut_file(tf: Sequence[int], n_slices: int) -> list[SliceRange]:
    """A sample file with the frame numbers `tf` in `n_slices` slices, whose lengths differ by one at most."""
    edges = [position * len(tf) // n_slices for position in range(n_slices + 1)]
    return [
        SliceRange(slice_id, int(tf[begin]), int(tf[end - 1]), end - begin)
        for slice_id, (begin, end) in enumerate(pairwise(edges))
    ]
