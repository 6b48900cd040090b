"""Two texts side by side."""

import difflib
from collections.abc import Sequence
from typing import NamedTuple


class Pair(NamedTuple):
    """Lines that stand side by side, by number from 0; None where one has nothing."""

    left: int | None
    right: int | None
    changed: bool


CONTEXT = 3
"""Lines around a change that are shown."""


def side_by_side(left: Sequence[str], right: Sequence[str]) -> list[list[Pair]]:
    """The parts of two texts that differ, each with some lines around it; empty for equal ones."""
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return [
        [pair for code in group for pair in _pairs(*code)] for group in matcher.get_grouped_opcodes(CONTEXT)
    ]


def _pairs(tag: str, first: int, last: int, begin: int, end: int) -> list[Pair]:
    number = max(last - first, end - begin)
    return [
        Pair(
            first + i if first + i < last else None,
            begin + i if begin + i < end else None,
            tag != "equal",
        )
        for i in range(number)
    ]
