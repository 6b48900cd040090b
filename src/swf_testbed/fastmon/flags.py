"""Flags: what was judged of a subsystem from when to when, kept from one judgement to the next."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from swf_testbed.model.status import Quality

_RANK = {Quality.NULL: 0, Quality.GOOD: 1, Quality.MEDIUM: 2, Quality.BAD: 3}


@dataclass(frozen=True, slots=True)
class Flag:
    """What a check says of a subsystem's data from `since` to `until`; without an end it holds until now.

    Attributes:
        subsystem: `run` for a check of the whole run.
        check, kind: which check, and what is wrong if it is not good: a word of `model.faults` or a plug-in.
        quality: good, medium, bad; null is too little data to tell.
        reason: in plain words, with numbers.
        significance: in standard deviations, of the window that says most.
        window_s: length of that window.
        units, channels: the part of the subsystem; empty for all of it.
        sequences: the STFs that it is about, where it is not about a stretch of data.
        histogram: the product in which to look.
        since, until: times of the data.
        told_at: the time of the data when it was judged so.
    """

    subsystem: str
    check: str
    kind: str
    quality: Quality
    reason: str
    since: datetime
    told_at: datetime
    significance: float = 0.0
    window_s: float = 0.0
    units: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    sequences: tuple[int, ...] = ()
    histogram: str = ""
    until: datetime | None = None

    @property
    def part(self) -> str:
        """The part of the subsystem in words: `units 3, 7`, `channels 100-103`; empty for all of it."""
        named = [("unit", self.units), ("channel", self.channels)]
        return ", ".join(f"{_plural(word, numbers)} {ranges(numbers)}" for word, numbers in named if numbers)


def _plural(word: str, numbers: tuple[int, ...]) -> str:
    return word if len(numbers) == 1 else f"{word}s"


def ranges(numbers: Iterable[int], most: int = 8) -> str:
    """Numbers in few words: `3, 7-9`; after `most` ranges only how many more numbers there are."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [str(low) if low == high else f"{low}-{high}" for low, high in runs[:most]]
    left = sum(high - low + 1 for low, high in runs[most:])
    return ", ".join([*shown, *([f"{left} more"] if left else [])])


def worst(qualities: Iterable[Quality]) -> Quality:
    """Of several judgements together: the worst that is one; null if none is."""
    return max(qualities, key=_RANK.__getitem__, default=Quality.NULL)


class FlagBook:
    """The flags of a run that hold now, and how they change."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Flag] = {}

    def standing(self) -> list[Flag]:
        """The flags that hold now."""
        return list(self._open.values())

    def of(self, subsystem: str, check: str) -> Flag | None:
        """The flag that a check has standing."""
        return self._open.get((subsystem, check))

    def enter(self, said: Iterable[Flag]) -> list[Flag]:
        """Take what was judged now; gives the flags that are new or have ended, the ended ones first.

        A flag begins where its data begins, but never before its predecessor did: if it would, it takes the
        predecessor's place.
        """
        ended, begun = [], []
        for flag in said:
            key = (flag.subsystem, flag.check)
            before = self._open.get(key)
            if before is not None and _same(before, flag):
                continue
            if before is not None:
                flag = replace(flag, since=max(flag.since, before.since))  # noqa: PLW2901
                if flag.since > before.since:
                    ended.append(replace(before, until=flag.since))
            self._open[key] = flag
            begun.append(flag)
        return ended + begun

    def close(self, at: datetime) -> list[Flag]:
        """No more data: every flag ends."""
        ended = [replace(flag, until=max(at, flag.since)) for flag in self._open.values()]
        self._open.clear()
        return ended


def _same(one: Flag, other: Flag) -> bool:
    return _told(one) == _told(other)


def _told(flag: Flag) -> tuple[object, ...]:
    """What a flag says, but for numbers that change with every judgement."""
    return flag.quality, flag.units, flag.channels, flag.sequences


class Interval(NamedTuple):
    """A time with one quality."""

    since: datetime
    until: datetime
    quality: Quality


def intervals(flags: Iterable[Flag], start: datetime, end: datetime) -> list[Interval]:
    """The quality from `start` to `end` without gaps: the worst flag of each time, null where there is none.

    Of one subsystem's flags they are the subsystem's, of all flags the run's.
    """
    clipped = [
        (max(flag.since, start), min(flag.until or end, end), flag.quality)
        for flag in flags
        if flag.since < end and (flag.until or end) > start
    ]
    edges = sorted({start, end, *(low for low, _, _ in clipped), *(high for _, high, _ in clipped)})
    found: list[Interval] = []
    for low, high in pairwise(edges):
        quality = worst(one for since, until, one in clipped if since <= low and until >= high)
        if found and found[-1].quality is quality:
            found[-1] = found[-1]._replace(until=high)
        else:
            found.append(Interval(low, high, quality))
    return found
