"""STFs that never came."""

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from swf_testbed.fastmon.checks.base import CERTAIN, CheckSettings, RunCheck, Verdict, check
from swf_testbed.fastmon.flags import ranges
from swf_testbed.fastmon.products import FrameTrend
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.faults import Fault


class SequenceSettings(CheckSettings):
    """What may be set."""

    patience: int = Field(
        1, ge=0, description="so many more STFs must have come before one counts as missing"
    )


@check
class MissingStf(RunCheck):
    """Gaps in the sequence of each stream, which is counted from 1."""

    name, title, kind = "sequence", "Missing STFs", Fault.MISSING_STF
    histogram = FrameTrend.name
    Settings: ClassVar[type[CheckSettings]] = SequenceSettings
    settings: SequenceSettings

    def judge_run(self, seen: Collection[StfSeen], recent: Sequence[StfSeen]) -> Verdict | None:
        """Gaps in the longest window; older ones are past."""
        told, found, since = [], set(), recent[0].end
        for stream in sorted({stf.stream for stf in recent}):
            mine = {stf.sequence: stf for stf in seen if stf.stream == stream}
            missing = self._missing(mine, min(stf.sequence for stf in recent if stf.stream == stream))
            if missing:
                told.append(f"{stream} {ranges(missing)}")
                found |= missing
                before = [stf for number, stf in mine.items() if number < min(missing)]
                since = min(since, max((stf.end for stf in before), default=min(mine.values()).start))
        if not told:
            return Verdict(0.0, "no STF is missing")
        return Verdict(
            CERTAIN,
            f"STFs that never came: {'; '.join(told)}",
            sequences=tuple(sorted(found)),
            since=since,
        )

    def _missing(self, have: Mapping[int, StfSeen], first: int) -> set[int]:
        """Numbers of the window that begins with `first`; those just before it belong to it."""
        ordered = sorted(have)
        if len(ordered) <= self.settings.patience:
            return set()
        begin = max((number for number in ordered if number < first), default=0) + 1
        return set(range(begin, ordered[-1 - self.settings.patience])) - set(ordered)
