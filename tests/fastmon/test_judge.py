"""A judge names what is wrong, where and since when, and says nothing of what is right."""

from datetime import timedelta
from typing import Any

import pytest
from judged_runs import STF_S, T0, judged, parts, reference, stf

from swf_testbed.config.fastmon import Checks
from swf_testbed.fastmon.flags import Flag, intervals, worst
from swf_testbed.fastmon.judge import RunJudge, make_checks
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput
from swf_testbed.model.status import Quality

STFS = 12
START_S = 3 * STF_S


def bad(judge: RunJudge) -> dict[tuple[str, str], Flag]:
    """The bad flags that stand, by subsystem and kind."""
    return {
        (flag.subsystem, str(flag.kind)): flag for flag in judge.standing() if flag.quality is Quality.BAD
    }


def test_a_run_like_the_reference_is_good() -> None:
    judge = judged(11, STFS, reference=reference())
    assert not bad(judge)
    good = {flag.check for flag in judge.standing() if flag.quality is Quality.GOOD}
    assert good == {check.name for check in make_checks(Checks())}
    assert len(judge.standing()) == 16 * 11 + 1


FAULTS: list[dict[str, Any]] = [
    {"kind": "dead_units", "detector": "hpdirc", "units": [7, 30]},
    {"kind": "hot_channels", "detector": "bic_scifi", "channels": [100, 101, 4000], "rate_hz": 2e6},
    {"kind": "gain", "detector": "mpgd", "factor": 0.7},
    {"kind": "time_offset", "detector": "ftof", "offset_ns": -1.5},
    {"kind": "bunch_shift", "detector": "drich", "crossings": 60},
    {"kind": "noise", "detector": "svt_disks", "factor": 3.0},
    {"kind": "missing_bank", "detector": "eeemcal", "fraction": 0.3},
    {"kind": "corrupted_bank", "detector": "femc", "fraction": 0.3},
    {"kind": "bunch_shift", "detector": "far_forward", "crossings": -345},
    {"kind": "time_offset", "detector": "svt_inner", "offset_ns": -3.7},
    {"kind": "noise", "detector": "lfhcal", "factor": 4.9},
]


@pytest.fixture(scope="module")
def faulty() -> RunJudge:
    """A run in which everything goes wrong at once, each in another subsystem."""
    return judged(12, STFS, [{**fault, "start_s": START_S} for fault in FAULTS], reference())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["kind"]))
def test_a_fault_is_named_where_it_is(faulty: RunJudge, fault: dict[str, Any]) -> None:
    flag = bad(faulty)[fault["detector"], fault["kind"]]
    assert flag.significance > 6
    assert flag.units == tuple(fault.get("units", ()))
    assert flag.channels == tuple(fault.get("channels", ()))
    assert flag.told_at >= T0 + timedelta(seconds=START_S)
    assert flag.histogram


def test_nothing_is_named_where_nothing_is_wrong(faulty: RunJudge) -> None:
    struck = {fault["detector"] for fault in FAULTS}
    assert {subsystem for subsystem, _ in bad(faulty)} == struck


def test_a_fault_is_not_taken_for_another(faulty: RunJudge) -> None:
    """An early time puts hits into the crossing before; noise dilutes the time's structure; neither moves."""
    said = bad(faulty)
    assert ("svt_inner", "bunch_shift") not in said
    assert ("lfhcal", "time_offset") not in said


def test_reasons_tell_numbers_and_parts(faulty: RunJudge) -> None:
    flags = bad(faulty)
    assert "no hit in units 7, 30" in flags["hpdirc", "dead_units"].reason
    assert flags["hpdirc", "dead_units"].part == "units 7, 30"
    assert flags["bic_scifi", "hot_channels"].part == "channels 100-101, 4000"
    assert "ns early" in flags["ftof", "time_offset"].reason
    assert "late" in flags["drich", "bunch_shift"].reason
    assert "%" in flags["mpgd", "gain"].reason


def test_what_follows_from_a_named_fault_is_explained_by_it(faulty: RunJudge) -> None:
    """Three times the noise is also a higher rate."""
    [rate] = [flag for flag in faulty.standing() if (flag.subsystem, flag.check) == ("svt_disks", "rate")]
    assert rate.quality is Quality.MEDIUM
    assert rate.reason.endswith("explained by noise")


def test_without_a_reference_only_what_needs_none_is_judged() -> None:
    judge = judged(13, 2)
    said = {flag.check: flag for flag in judge.standing()}
    judged_ones = {name for name, flag in said.items() if flag.quality is not Quality.NULL}
    assert judged_ones == {"crc", "bank", "sequence"}
    assert said["gain"].reason == "there is no reference to compare with"


def test_a_reference_of_few_stfs_says_so() -> None:
    judge = judged(13, 1, reference=reference(), configured=Checks(least_stfs=1000))
    [gain] = [flag for flag in judge.standing() if (flag.subsystem, flag.check) == ("mpgd", "gain")]
    assert gain.quality is Quality.NULL
    assert "24 STFs, too few" in gain.reason


def test_an_index_alone_is_judged_by_its_rate() -> None:
    judge = RunJudge(reference=reference())
    for seen, products in parts(14, 3):
        if not products.frames:
            judge.add(seen, products)
    judge.judge()
    by_check = {
        check: {f.quality for f in judge.standing() if f.check == check} for check in ("rate", "gain")
    }
    assert by_check == {"rate": {Quality.GOOD}, "gain": {Quality.NULL}}


def test_missing_stfs_are_named_once_others_came_and_forgotten_when_they_come_late() -> None:
    judge = RunJudge()
    products = [(seen, part) for seen, part in parts(15, 6) if not part.frames]
    for seen, part in products:
        if seen.sequence not in {3, 4}:
            judge.add(seen, part)
            judge.judge()
    flag = bad(judge)["run", "missing_stf"]
    assert "main 3-4" in flag.reason
    for seen, part in products[2:4]:
        judge.add(seen, part)
    judge.judge()
    assert not bad(judge)


def test_the_last_stf_is_waited_for() -> None:
    judge = RunJudge(Checks(settings={"sequence": {"patience": 0}}))
    products = dict(pair for pair in parts(15, 2) if not pair[1].frames)
    judge.add(stf(2), products[stf(2)])
    judge.judge()
    assert ("run", "missing_stf") in bad(judge)
    patient = RunJudge()
    patient.add(stf(2), products[stf(2)])
    patient.judge()
    assert not bad(patient)


def test_flags_of_a_finished_run_cover_it_without_a_gap() -> None:
    judge = RunJudge(reference=reference())
    changes: list[Flag] = []
    fault = {"kind": "noise", "detector": "bhcal", "factor": 4.0, "start_s": START_S}
    for seen, products in parts(16, 8, [fault]):
        judge.add(seen, products)
        changes += judge.judge()
    changes += judge.finish()
    run = judge.windows.run
    assert run is not None
    assert not judge.standing()
    kept = {(flag.subsystem, flag.check, flag.since): flag for flag in changes}
    noise = [flag for key, flag in kept.items() if key[:2] == ("bhcal", "noise")]
    assert [one.quality for one in intervals(noise, run.start, run.end)][-1] is Quality.BAD
    for one in detectors():
        mine = [flag for flag in kept.values() if flag.subsystem == one.name]
        assert all(flag.until is not None for flag in mine)
        covered = intervals(mine, run.start, run.end)
        assert Quality.NULL not in {interval.quality for interval in covered}
        assert worst(interval.quality for interval in covered) is (
            Quality.BAD if one.name == "bhcal" else Quality.GOOD
        )


def test_settings_of_checks_are_checked_by_name() -> None:
    with pytest.raises(BadInput, match="check = 'colour'"):
        make_checks(Checks(off=("colour",)))
    with pytest.raises(BadInput, match=r"fastmon\.checks\.settings\.gain\.least_effect = -1"):
        make_checks(Checks(settings={"gain": {"least_effect": -1}}))
    with pytest.raises(BadInput, match=r"fastmon\.checks\.settings\.gain\.least"):
        make_checks(Checks(settings={"gain": {"least": 1}}))
    assert "gain" not in {check.name for check in make_checks(Checks(off=("gain",)))}
    with pytest.raises(ValueError, match="must not be above bad"):
        Checks(bad=3.0)
