"""Judges a run as its data comes: windows against a reference, check by check, and flags that follow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from swf_testbed.config.checked import checked
from swf_testbed.config.fastmon import Checks
from swf_testbed.fastmon.checks.base import CHECKS, Check, RunCheck, SubsystemCheck, Verdict, check_named
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.flags import Flag, FlagBook
from swf_testbed.fastmon.reference import Expected, Measured, Profile, Reference
from swf_testbed.fastmon.registry import RUN
from swf_testbed.fastmon.windows import RunWindows, StfSeen, Sums, Tally, Window
from swf_testbed.model.detectors import detector, detectors
from swf_testbed.model.status import Quality

_NO_REFERENCE = "there is no reference to compare with"
_SMALL_REFERENCE = "the reference has {} STFs, too few to know how its numbers scatter"
_TOO_LITTLE = "too little data to tell"


def make_checks(configured: Checks) -> list[Check]:
    """All checks that are not switched off, with their settings; `BadInput` names what is wrong in those."""
    for name in (*configured.off, *configured.settings):
        check_named(name)
    return [
        cls(_settings(cls, configured.settings.get(name, {})))
        for name, cls in CHECKS.items()
        if name not in configured.off
    ]


def _settings(cls: type[Check], table: Mapping[str, Any]) -> Any:
    return checked(TypeAdapter(cls.Settings), dict(table), f"fastmon.checks.settings.{cls.name}")


@dataclass(slots=True)
class _Said:
    """The worst of a check's verdicts in all windows."""

    quality: Quality
    verdict: Verdict
    window: Window


class RunJudge:
    """Judges one run.

    Args:
        configured: `[fastmon.checks]`.
        reference: what the data should look like; without one only what needs none is judged.
    """

    def __init__(self, configured: Checks | None = None, reference: Reference | None = None) -> None:
        self._configured = configured or Checks()
        self.reference = reference
        self._expectations = {one.name: self._expected(one.name) for one in detectors()}
        self.windows = RunWindows(self._configured.window_s)
        self.profile = Profile()
        self._checks = make_checks(self._configured)
        self._book = FlagBook()
        self._seen: set[StfSeen] = set()
        self._profiled: set[StfSeen] = set()

    def take_up(
        self,
        standing: Iterable[Flag],
        profile: Profile | None = None,
        profiled: Iterable[StfSeen] = (),
        seen: Iterable[StfSeen] = (),
    ) -> None:
        """Begin where another left off, whose recent STFs are added again; before anything is judged.

        Args:
            standing: the flags that held.
            profile: the run's so far.
            profiled: of which STFs that is.
            seen: STFs that came.
        """
        self._book.enter(standing)
        self.profile = profile or self.profile
        self._profiled.update(profiled)
        self._seen.update(self._profiled, seen)

    @property
    def profiled(self) -> list[StfSeen]:
        """The STFs that are in the profile, oldest first."""
        return sorted(self._profiled, key=StfSeen.place)

    def add(self, stf: StfSeen, products: ProductSet) -> None:
        """Add a part of an STF, each once: what its index gave, or a slice of its sample, in any order."""
        self._seen.add(stf)
        self.windows.add(stf, products)

    def judge(self) -> list[Flag]:
        """Judge what there is; gives the flags that are new, and those that have ended."""
        rungs = list(self.windows.ladder())
        if not rungs:
            return []
        self._profile(self.windows.recent()[self._configured.settle :])
        said = [*self._judge_subsystems(rungs), *self._judge_run(rungs)]
        return self._book.enter(self._explained(said))

    def standing(self) -> list[Flag]:
        """The flags that hold now."""
        return self._book.standing()

    def finish(self) -> list[Flag]:
        """The run is over: judge a last time and end all flags; `profile` is then of the whole run."""
        changes = self.judge()
        self._profile(self.windows.recent())
        run = self.windows.run
        return changes + (self._book.close(run.end) if run else [])

    def _judge_subsystems(self, rungs: list[Window]) -> Iterator[Flag]:
        for one in detectors():
            expected = self._expectations[one.name]
            for check in self._checks:
                if isinstance(check, SubsystemCheck):
                    yield self._judged(check, one.name, rungs, expected)

    def _expected(self, subsystem: str) -> Expected:
        if self.reference is None:
            return Expected(Tally(detector(subsystem), Sums()), 0, {})
        return self.reference.of(subsystem)

    def _judged(self, check: SubsystemCheck, subsystem: str, rungs: list[Window], expected: Expected) -> Flag:
        newest = rungs[-1]
        if check.needs_reference and expected.stfs < self._configured.least_stfs:
            why = _SMALL_REFERENCE.format(expected.stfs) if expected.stfs else _NO_REFERENCE
            return self._flag(check, subsystem, newest, Quality.NULL, Verdict(0.0, why))
        said = [(window, check.judge(window.of(subsystem), expected)) for window in rungs]
        verdicts = [(window, verdict) for window, verdict in said if verdict is not None]
        if not verdicts:
            return self._flag(check, subsystem, newest, Quality.NULL, Verdict(0.0, _TOO_LITTLE))
        window, verdict = max(verdicts, key=lambda pair: pair[1].significance)
        return self._flag(check, subsystem, window, self._grade(check, subsystem, verdict), verdict)

    def _judge_run(self, rungs: list[Window]) -> Iterator[Flag]:
        recent = self.windows.recent()
        for check in self._checks:
            if isinstance(check, RunCheck):
                verdict = check.judge_run(self._seen, recent)
                if verdict is None:
                    yield self._flag(check, RUN, rungs[-1], Quality.NULL, Verdict(0.0, _TOO_LITTLE))
                else:
                    yield self._flag(check, RUN, rungs[-1], self._grade(check, RUN, verdict), verdict)

    def _grade(self, check: Check, subsystem: str, verdict: Verdict) -> Quality:
        """What stands is kept until the significance is clearly below its limit, or flags would flicker."""
        standing = self._book.of(subsystem, check.name)
        kept = standing.quality if standing else Quality.NULL
        ease = self._configured.hysteresis
        bad = self._configured.bad - ease * (kept is Quality.BAD)
        medium = self._configured.medium - ease * (kept in (Quality.BAD, Quality.MEDIUM))
        if verdict.significance > bad:
            return Quality.BAD
        return Quality.MEDIUM if verdict.significance > medium else Quality.GOOD

    def _flag(self, check: Check, subsystem: str, window: Window, quality: Quality, verdict: Verdict) -> Flag:
        faulty = quality in (Quality.BAD, Quality.MEDIUM)
        return Flag(
            subsystem=subsystem,
            check=check.name,
            kind=check.kind,
            quality=quality,
            reason=verdict.reason,
            since=(verdict.since or window.start) if faulty else self._newest(window),
            told_at=window.end,
            significance=round(verdict.significance, 2),
            window_s=window.seconds,
            units=verdict.units if faulty else (),
            channels=verdict.channels if faulty else (),
            sequences=verdict.sequences if faulty else (),
            histogram=check.histogram,
        )

    def _newest(self, window: Window) -> datetime:
        recent = self.windows.recent()
        return recent[0].start if self._book.standing() else window.start

    def _explained(self, said: list[Flag]) -> Iterator[Flag]:
        """A flag whose cause is found in the same subsystem says so, and is at most medium.

        A cause that is only medium explains as well: where a fault begins, what follows from it may be sure
        an STF earlier than the fault itself.
        """
        named: dict[str, set[str]] = {}
        for flag in said:
            if flag.quality in (Quality.BAD, Quality.MEDIUM):
                named.setdefault(flag.subsystem, set()).add(flag.kind)
        reasons = {check.name: check.explained_by for check in self._checks}
        for flag in said:
            causes = sorted(reasons[flag.check] & named.get(flag.subsystem, set()) - {flag.kind})
            if causes and flag.quality is Quality.BAD:
                yield replace(
                    flag, quality=Quality.MEDIUM, reason=f"{flag.reason}; explained by {', '.join(causes)}"
                )
            else:
                yield flag

    def _profile(self, stfs: Iterable[StfSeen]) -> None:
        """Take complete STFs into the profile, each once, the oldest first."""
        for stf in sorted(set(stfs) - self._profiled, key=StfSeen.place):
            sums = self.windows.sums_of(stf)
            self.profile.add(sums, self._measure(sums))
            self._profiled.add(stf)

    def _measure(self, sums: Sums) -> dict[Measured, float]:
        found = {}
        for one in detectors():
            now = Tally(one, sums)
            before = Tally(one, self.profile.sums) if self.profile.stfs else None
            for check in self._checks:
                if isinstance(check, SubsystemCheck):
                    for name, value in check.measure(now, before).items():
                        found[Measured(one.name, f"{check.name}.{name}")] = value
        return found
