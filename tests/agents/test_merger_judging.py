"""What the merger keeps of its judgement, and when an STF is judged."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.agents.merger.stfs import OVERTAKEN, Gathering, StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.flags import Flag
from swf_testbed.fastmon.reference import Profile
from swf_testbed.fastmon.windows import StfSeen, Sums
from swf_testbed.messages import StfVolumeContent
from swf_testbed.model.status import Quality

RUN = 100_010
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = ProductSet()


def about(sequence: int, sampled: int = 4) -> StfVolumeContent:
    start = BEGIN + timedelta(seconds=sequence)
    said = {"filename": f"{sequence}.stf", "tf_count": 100, "histograms": {}, "sequence": sequence}
    return StfVolumeContent.model_validate(
        {**said, "start": start, "end": start + timedelta(seconds=0.6), "sampled": sampled}
    )


def index(sequence: int) -> StfPart:
    return StfPart(f"{sequence}.stf", NOTHING, about=about(sequence))


def piece(sequence: int) -> StfPart:
    return StfPart(f"{sequence}.stf", NOTHING, frames=2, latency_s=float(sequence))


@given(st.permutations([index(1), piece(1), piece(1), index(2), piece(2), piece(2), index(3), piece(3)]))
@settings(max_examples=60)
def test_an_stf_is_given_out_once_when_it_is_whole_in_whatever_order_it_comes(parts: list[StfPart]) -> None:
    gathering, given_out = Gathering(), []
    for part in parts:
        gathering.add(part)
        given_out += list(gathering.take())
    assert sorted(one.name for one in given_out) == ["1.stf", "2.stf"]
    assert all(len(one.products) == 3 and one.frames == 4 for one in given_out)
    assert [one.name for one in gathering.take(everything=True)] == ["3.stf"]
    assert list(gathering.take(everything=True)) == []


def test_an_stf_that_lacks_slices_is_waited_for_until_others_have_overtaken_it() -> None:
    gathering = Gathering()
    gathering.add(index(1))
    given_out = []
    for sequence in range(2, OVERTAKEN + 2):
        assert "1.stf" not in given_out
        for part in (index(sequence), piece(sequence), piece(sequence)):
            gathering.add(part)
        given_out += [one.name for one in gathering.take()]
    assert given_out == [*(f"{sequence}.stf" for sequence in range(2, OVERTAKEN + 1)), "1.stf", given_out[-1]]
    assert given_out[-1] == f"{OVERTAKEN + 1}.stf"
    gathering.add(piece(1))  # too late
    assert len(gathering) == 0


def test_an_stf_of_which_no_index_came_is_not_judged() -> None:
    gathering = Gathering()
    gathering.add(piece(1))
    assert list(gathering.take(everything=True)) == []


def flag(check: str, since_s: float, quality: Quality, until_s: float | None = None) -> Flag:
    return Flag(
        subsystem="femc",
        check=check,
        kind="dead_units",
        quality=quality,
        reason="no hit",
        since=BEGIN + timedelta(seconds=since_s),
        told_at=BEGIN + timedelta(seconds=since_s + 1),
        units=(3, 4),
        until=None if until_s is None else BEGIN + timedelta(seconds=until_s),
    )


def test_flags_are_told_once_whenever_the_merger_dies(tmp_path: Path) -> None:
    path = tmp_path / "judged.sqlite3"
    first = Verdicts(path)
    assert first.begin(RUN, "x-alice-0001").standing == []
    began = flag("dead", 5, Quality.BAD)
    first.enter(RUN, [began])
    first.close()  # dies before it told anybody

    second = Verdicts(path)
    assert second.begin(RUN, None).standing == [began]
    assert second.untold(RUN) == [began]
    second.told(RUN, [began])
    assert second.untold(RUN) == []
    ended, good = flag("dead", 5, Quality.BAD, until_s=9), flag("dead", 9, Quality.GOOD)
    second.enter(RUN, [ended, good])
    second.close()

    third = Verdicts(path)
    assert third.begin(RUN, None).standing == [good]
    assert third.untold(RUN) == [ended, good]
    third.close()


def test_a_profile_and_its_stfs_are_kept_together(tmp_path: Path) -> None:
    verdicts = Verdicts(tmp_path / "judged.sqlite3")
    verdicts.begin(RUN, "x-alice-0001")
    verdicts.ended(RUN, "x-alice-0001", 14)
    assert verdicts.open_runs() == {RUN: ("x-alice-0001", 14)}
    profile, sums = Profile(), Sums()
    key = ProductKey("femc", "fine_time")
    sums.add(ProductSet(7, {key: Counts(np.ones(257, np.int64))}))
    profile.add(sums, {})
    seen = StfSeen(1, BEGIN, BEGIN + timedelta(seconds=0.6))
    verdicts.keep(RUN, profile.document(), [seen], finished=True)
    kept = verdicts.begin(RUN, None)
    assert kept.finished
    assert kept.profiled == [seen]
    assert kept.profile is not None
    assert kept.profile.document() == profile.document()
    assert verdicts.open_runs() == {}
    verdicts.close()
