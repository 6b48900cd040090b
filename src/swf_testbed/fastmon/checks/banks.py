"""Banks that are missing or damaged."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from swf_testbed.fastmon.checks.base import CheckSettings, SubsystemCheck, Verdict, check
from swf_testbed.fastmon.products import BankStatus, EmptyTrend, FrameTrend
from swf_testbed.fastmon.reference import Expected
from swf_testbed.fastmon.significance import of_counts
from swf_testbed.fastmon.windows import Tally
from swf_testbed.model.faults import Fault


class BankSettings(CheckSettings):
    """What may be set."""

    tolerated: float = Field(1e-5, gt=0, lt=1, description="the part of the banks that may be so")


def _beyond(seen: int, of: int, tolerated: float) -> float:
    return max(float(of_counts(np.array([float(seen)]), np.array([of * tolerated]))[0]), 0.0)


@check
class CorruptedBank(SubsystemCheck):
    """Banks whose bytes do not fit their CRC."""

    name, title, kind = "crc", "Corrupted banks", Fault.CORRUPTED_BANK
    histogram = BankStatus.name
    needs_reference = False
    Settings: ClassVar[type[CheckSettings]] = BankSettings
    settings: BankSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None without a frame."""
        del expected
        status = now.counts(BankStatus)
        there = int(status[0] + status[1])
        if not there:
            return None
        bad = int(status[1])
        return Verdict(_beyond(bad, there, self.settings.tolerated), f"{bad} of {there} banks fail their CRC")


@check
class MissingBank(SubsystemCheck):
    """Frames without a bank of the subsystem: seen in samples, and counted in the index of all frames."""

    name, title, kind = "bank", "Missing banks", Fault.MISSING_BANK
    histogram = BankStatus.name
    needs_reference = False
    Settings: ClassVar[type[CheckSettings]] = BankSettings
    settings: BankSettings

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """None without a frame."""
        status = now.counts(BankStatus)
        sampled, missing = int(status.sum()), int(status[2])
        if not sampled:
            return None
        significance = _beyond(missing, sampled, self.settings.tolerated)
        reason = f"{missing} of {sampled} sampled frames without a bank"
        frames, empty = now.total(FrameTrend), now.total(EmptyTrend)
        known = expected.tally.total(FrameTrend)
        if missing and frames and known:
            # The index cannot tell a missing bank from an empty one; the sample shows that some are missing.
            usual = max((expected.tally.total(EmptyTrend) + 1) / known, self.settings.tolerated)
            significance = max(significance, _beyond(empty, frames, usual))
            reason += f"; {empty} of all {frames} frames have no data, {usual * frames:.2g} expected"
        return Verdict(significance, reason)
