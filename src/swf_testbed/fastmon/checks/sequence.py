"""STFs that never came."""

from collections.abc import Collection, Sequence
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
        told = []
        for stream in sorted({stf.stream for stf in recent}):
            have = {stf.sequence for stf in seen if stf.stream == stream}
            first = min(stf.sequence for stf in recent if stf.stream == stream)
            # What is missing just before the window's first belongs to the window.
            begin = max((number for number in have if number < first), default=0) + 1
            if missing := set(range(begin, max(have) - self.settings.patience)) - have:
                told.append(f"{stream} {ranges(missing)}")
        if told:
            return Verdict(CERTAIN, f"STFs that never came: {'; '.join(told)}")
        return Verdict(0.0, "no STF is missing")
