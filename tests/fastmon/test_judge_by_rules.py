"""What a judge makes of the verdicts of checks: qualities, times, reasons, and what is kept of a run."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from judged_runs import KEY, STF_S, T0, stf

from swf_testbed.config.fastmon import Checks
from swf_testbed.fastmon import judge as judge_module
from swf_testbed.fastmon.checks.base import Check, RunCheck, SubsystemCheck, Verdict
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.flags import Flag
from swf_testbed.fastmon.judge import RunJudge
from swf_testbed.fastmon.products import BankStatus
from swf_testbed.fastmon.reference import Expected, Measured, Profile, Reference, Scatter, make_reference
from swf_testbed.fastmon.windows import StfSeen, Sums, Tally
from swf_testbed.model.detectors import detectors
from swf_testbed.model.status import Quality

BAD, MEDIUM, GOOD, NULL = Quality.BAD, Quality.MEDIUM, Quality.GOOD, Quality.NULL
ONE_STF = Checks(window_s=STF_S / 2)
"""The longest window has the newest STF alone."""


class Told(SubsystemCheck):
    """As significant as the data say: a tenth for each corrupted bank; nothing without a good one."""

    name, title, kind, histogram = "told", "Told", "noise", BankStatus.name
    needs_reference = False

    def measure(self, now: Tally, before: Tally | None) -> Mapping[str, float]:
        """The corrupted banks, and of those before."""
        found = {"now": float(now.counts(BankStatus)[1])}
        return found if before is None else {**found, "before": float(before.counts(BankStatus)[1])}

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """Names unit 1 and channel 2, and an STF."""
        del expected
        good, bad, *_ = now.counts(BankStatus).tolist()
        return Verdict(bad / 10, f"{bad} bad", (1,), (2,), (3,)) if good else None


class Compared(Told):
    """The same, of what there is a reference."""

    name, kind, needs_reference = "compared", "rate", True
    explained_by: ClassVar[frozenset[str]] = frozenset({"noise", "gain", "rate"})


class Whole(RunCheck):
    """Judges the run as it is told to."""

    name, title, kind = "whole", "Whole", "missing_stf"
    says: ClassVar[Verdict | None] = None
    asked: ClassVar[list[tuple[set[StfSeen], list[StfSeen]]]] = []

    def judge_run(self, seen: Collection[StfSeen], recent: Sequence[StfSeen]) -> Verdict | None:
        """Remembers what it was asked about."""
        self.asked.append((set(seen), list(recent)))
        return self.says


@pytest.fixture(autouse=True)
def _told_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only check is `Told`."""
    only(monkeypatch, Told)


def only(monkeypatch: pytest.MonkeyPatch, *checks: type[Check]) -> None:
    """No other checks are made."""
    monkeypatch.setattr(judge_module, "CHECKS", {cls.name: cls for cls in checks})


def banks(bad: int, good: int = 1, subsystem: str = "mpgd") -> ProductSet:
    key = ProductKey(subsystem, BankStatus.name)
    return ProductSet(1, {key: Counts(np.array([good, bad, 0, 0]))})


def flag(
    quality: Quality, reason: str, first: int, last: int, significance: float = 0.0, **more: object
) -> Flag:
    """What the check told says of mpgd; of some STFs if it is bad, or else since the first."""
    parts, window = quality in (BAD, MEDIUM), stf(last).end - stf(first).start
    made = Flag(
        subsystem="mpgd",
        check="told",
        kind="noise",
        quality=quality,
        reason=reason,
        since=stf(first).start,
        told_at=stf(last).end,
        significance=significance,
        window_s=window.total_seconds(),
        units=(1,) * parts,
        channels=(2,) * parts,
        sequences=(3,) * parts,
        histogram="bank_status",
    )
    return replace(made, **more)  # type: ignore[arg-type]  # the names of its fields


def of_mpgd(flags: list[Flag]) -> list[Flag]:
    return [one for one in flags if one.subsystem == "mpgd"]


def judged(*bad: int, judge: RunJudge | None = None) -> list[list[Flag]]:
    """What changes for mpgd with each STF that has so many bad banks."""
    judge = judge or RunJudge(ONE_STF)
    found = []
    for sequence, one in enumerate(bad, 1):
        judge.add(stf(sequence), banks(one))
        found.append(of_mpgd(judge.judge()))
    return found


def test_each_subsystem_is_told_of_and_what_has_too_little_data_is_neither_good_nor_bad() -> None:
    judge = RunJudge(ONE_STF)
    assert (judge.judge(), judge.finish(), judge.standing()) == ([], [], [])
    judge.add(stf(1), banks(61))
    wanted = {
        one.name: flag(NULL, "too little data to tell", 1, 1, subsystem=one.name) for one in detectors()
    }
    wanted["mpgd"] = flag(BAD, "61 bad", 1, 1, 6.1)
    assert judge.judge() == list(wanted.values())
    assert judge.standing() == list(wanted.values())
    assert judge.judge() == []


@pytest.mark.parametrize(
    ("bad", "qualities"),
    [
        ([60], [MEDIUM]),
        ([61], [BAD]),
        ([45], [GOOD]),
        ([46], [MEDIUM]),
        ([61, 56], [BAD, BAD]),
        ([61, 55], [BAD, MEDIUM]),
        ([61, 41], [BAD, MEDIUM]),
        ([61, 40], [BAD, GOOD]),
        ([46, 60, 61], [MEDIUM, MEDIUM, BAD]),
        ([46, 41], [MEDIUM, MEDIUM]),
        ([46, 40], [MEDIUM, GOOD]),
        ([44, 45], [GOOD, GOOD]),
        ([44, 60], [GOOD, MEDIUM]),
    ],
)
def test_what_stands_is_kept_until_it_is_clearly_below_its_limit(
    bad: list[int], qualities: list[Quality]
) -> None:
    judge = RunJudge(ONE_STF)
    found = []
    for sequence, one in enumerate(bad, 1):
        judge.add(stf(sequence), banks(one))
        judge.judge()
        found += [one.quality for one in of_mpgd(judge.standing())]
    assert found == qualities


def test_flags_follow_one_another_and_end_with_the_run() -> None:
    judge = RunJudge(ONE_STF)
    assert judged(0, 0, 61, 0, 0, judge=judge) == [
        [flag(GOOD, "0 bad", 1, 1)],
        [],
        [flag(GOOD, "0 bad", 1, 1, until=stf(3).start), flag(BAD, "61 bad", 3, 3, 6.1)],
        [flag(BAD, "61 bad", 3, 3, 6.1, until=stf(4).start), flag(GOOD, "0 bad", 4, 4)],
        [],
    ]
    assert of_mpgd(judge.finish()) == [flag(GOOD, "0 bad", 4, 4, until=stf(5).end)]
    assert judge.standing() == []


def test_of_all_windows_the_one_that_says_most_is_told_and_of_like_ones_the_shortest() -> None:
    assert judged(30, 31, 0, judge=RunJudge(Checks(medium=2.9, bad=6))) == [
        [flag(MEDIUM, "30 bad", 1, 1, 3.0)],
        [flag(BAD, "61 bad", 1, 2, 6.1)],
        [],
    ]
    judge = RunJudge(Checks())
    judge.add(stf(1), banks(0))
    judge.add(stf(2), banks(0))
    assert of_mpgd(judge.judge()) == [flag(GOOD, "0 bad", 2, 2)]


def test_what_is_good_again_is_so_since_the_newest_stf_though_the_window_is_longer() -> None:
    """A window that says nothing of the newest STF has its beginning before what was bad."""
    judge = RunJudge(Checks(window_s=2.5 * STF_S))
    judge.add(stf(1), banks(0))
    judge.judge()
    judge.add(stf(2), banks(61))
    judge.judge()
    judge.add(stf(3), banks(0))
    judge.add(stf(4), banks(0, good=0))
    newest = flag(GOOD, "0 bad", 3, 4, since=stf(4).start)
    assert of_mpgd(judge.judge()) == [flag(BAD, "61 bad", 2, 2, 6.1, until=stf(4).start), newest]


def test_a_verdict_may_say_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Whole)
    monkeypatch.setattr(Whole, "asked", [])
    judge = RunJudge(ONE_STF)
    about: dict[str, Any] = {"subsystem": "run", "check": "whole", "kind": "missing_stf", "histogram": ""}
    nobody = {"units": (), "channels": (), "sequences": ()}
    judge.add(stf(1), banks(0))
    judge.add(stf(2), banks(0))
    assert judge.judge() == [flag(NULL, "too little data to tell", 2, 2, **about)]
    monkeypatch.setattr(Whole, "says", Verdict(99.126, "gone", sequences=(7,), since=T0))
    judge.add(stf(3), banks(0))
    gone = flag(BAD, "gone", 3, 3, 99.13, **{**about, **nobody, "sequences": (7,)})
    # Its predecessor is from the second STF on: it takes its place.
    assert judge.judge() == [replace(gone, since=stf(2).start)]
    monkeypatch.setattr(Whole, "says", Verdict(99.126, "gone", sequences=(8,), since=T0))
    fresh = RunJudge(ONE_STF)
    fresh.add(stf(3), banks(0))
    assert fresh.judge() == [replace(gone, sequences=(8,), since=T0)]
    assert Whole.asked == [
        ({stf(1), stf(2)}, [stf(2)]),
        ({stf(1), stf(2), stf(3)}, [stf(3)]),
        ({stf(3)}, [stf(3)]),
    ]


def test_what_is_said_of_the_run_is_kept_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Whole)
    judge = RunJudge(ONE_STF)
    found = []
    for sequence, significance in enumerate((6.1, 5.6, 5.5), 1):
        monkeypatch.setattr(Whole, "says", Verdict(significance, "gone"))
        judge.add(stf(sequence), banks(0))
        found.append([one.quality for one in judge.judge()])
    assert found == [[BAD], [], [BAD, MEDIUM]]


def reference(stfs: int) -> Reference:
    profile = Profile()
    for _ in range(stfs):
        profile.add(Sums(), {})
    return make_reference(KEY, 1, {1: profile}, T0, "alice")


@pytest.mark.parametrize(
    ("known", "quality", "reason"),
    [
        (None, NULL, "there is no reference to compare with"),
        (reference(9), NULL, "the reference has 9 STFs, too few to know how its numbers scatter"),
        (reference(10), BAD, "61 bad"),
    ],
)
def test_what_needs_a_reference_is_not_judged_without_one_or_with_one_of_few_stfs(
    known: Reference | None, quality: Quality, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, Compared)
    [[said]] = judged(61, judge=RunJudge(ONE_STF, known))
    about = {"check": "compared", "kind": "rate"}
    assert said == flag(quality, reason, 1, 1, 6.1 if quality is BAD else 0.0, **about)


class Gain(Told):
    """Another of the causes, half as significant."""

    name, kind = "gain", "gain"

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """Half of it."""
        verdict = super().judge(now, expected)
        return verdict and replace(verdict, significance=verdict.significance / 2)


class Elsewhere(Told):
    """A cause in one subsystem alone."""

    def judge(self, now: Tally, expected: Expected) -> Verdict | None:
        """Of drich."""
        return super().judge(now, expected) if now.detector.name == "drich" else None


@pytest.mark.parametrize(
    ("checks", "bad", "quality", "reason"),
    [
        ((Compared, Told, Gain), 122, MEDIUM, "122 bad; explained by gain, noise"),
        ((Gain, Told, Compared), 92, MEDIUM, "92 bad; explained by gain, noise"),
        ((Compared, Gain), 92, MEDIUM, "92 bad; explained by gain"),
        ((Compared, Gain), 89, BAD, "89 bad"),
        ((Compared, Told), 50, MEDIUM, "50 bad"),
        ((Compared, Elsewhere), 61, BAD, "61 bad"),
        ((Compared,), 61, BAD, "61 bad"),
    ],
    ids=["two", "in any order", "one that is medium", "none", "medium", "in another subsystem", "itself"],
)
def test_what_a_cause_in_the_same_subsystem_explains_is_at_most_medium(
    checks: tuple[type[Check], ...], bad: int, quality: Quality, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, *checks)
    judge = RunJudge(ONE_STF, reference(10))
    judge.add(stf(1), banks(bad))
    judge.add(stf(1), banks(bad, subsystem="drich"))
    flags = {one.check: one for one in of_mpgd(judge.judge())}
    wanted = flag(quality, reason, 1, 1, bad / 10, check="compared", kind="rate")
    assert flags["compared"] == wanted
    assert "explained" not in "".join(one.reason for name, one in flags.items() if name != "compared")


# --- the profile of a run


NOW, BEFORE = Measured("mpgd", "told.now"), Measured("mpgd", "told.before")


def of(profile: Profile) -> tuple[int, Scatter | None, Scatter | None]:
    return profile.stfs, profile.scatter.get(NOW), profile.scatter.get(BEFORE)


def test_a_profile_is_of_the_stfs_that_are_complete_and_at_last_of_all() -> None:
    judge = RunJudge(Checks(settle=2))
    # The third is the first of another stream.
    stfs = [stf(1), stf(2), stf(3)._replace(sequence=1, stream="side")]
    for place in (1, 0, 2):
        judge.add(stfs[place], banks(10 * (place + 1)))
    judge.judge()
    assert judge.profiled == [stf(1)]
    assert of(judge.profile) == (1, Scatter(1, 10.0, 100.0), None)
    judge.judge()
    assert of(judge.profile) == (1, Scatter(1, 10.0, 100.0), None)
    judge.finish()
    assert judge.profiled == stfs
    # Of those before there were 10 bad banks, and then 30.
    assert of(judge.profile) == (3, Scatter(3, 60.0, 1400.0), Scatter(2, 40.0, 1000.0))
    assert len(judge.profile.scatter) == 2 * len(detectors())


def test_a_judge_takes_up_what_another_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left = RunJudge(Checks(settle=0))
    left.add(stf(1), banks(61))
    changes = left.judge()
    other = RunJudge(Checks(settle=0))
    other.take_up(left.standing(), left.profile, left.profiled, [stf(7)])
    other.add(stf(1), banks(61))
    assert other.judge() == []
    assert other.standing() == changes
    assert of(other.profile) == (1, Scatter(1, 61.0, 3721.0), None)
    assert other.profiled == [stf(1)]
    only(monkeypatch, Whole)
    monkeypatch.setattr(Whole, "asked", [])
    last = RunJudge(ONE_STF)
    last.take_up([], None, [stf(1)], [stf(7)])
    last.add(stf(2), banks(0))
    last.judge()
    assert Whole.asked == [({stf(1), stf(2), stf(7)}, [stf(2)])]
    assert (last.profiled, last.profile.stfs) == ([stf(1)], 0)
