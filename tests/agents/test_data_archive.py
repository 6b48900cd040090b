"""What the data agent keeps in mind of runs, streams, announcements and the exit buffer; no services."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zlib import adler32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from said_alarms import Said

from swf_testbed.adapters.storage import DatasetSpec, Did
from swf_testbed.agents.data import archive as archive_module
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.archive import Archive
from swf_testbed.agents.data.checks import DaqChecks, Finding, content_problem
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.agents.data.stream_checksum import StreamChecksum, combined, first_difference
from swf_testbed.agents.data.watcher.rules import RULES
from swf_testbed.agents.data.watcher.view import View
from swf_testbed.agents.data.watcher.watcher import Watcher
from swf_testbed.config.data import Watcher as Limits
from swf_testbed.messages import PauseRun, StartRun, StfGen
from swf_testbed.model.alarms import ALARMS
from swf_testbed.model.names import stf_filename
from swf_testbed.model.states import RunPhase

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
RUN = 100_010
EXAMPLES = int(os.environ.get("SWF_EXAMPLES", "40"))


def announced(sequence: int, **more: Any) -> StfGen:
    start = NOON + timedelta(seconds=2 * sequence)
    said: dict[str, Any] = {
        "namespace": "n",
        "sender": "daq",
        "run_id": RUN,
        "filename": stf_filename(RUN, sequence),
        "sequence": sequence,
        "file_url": "file:///nowhere.stf",
        "size_bytes": 1000,
        "checksum": "ad:00000001",
        "tf_first": (sequence - 1) * 10,
        "tf_count": 10,
        "start": start,
        "end": start + timedelta(seconds=1),
        "state": "run",
        "substate": "physics",
        "simulation_tick": 0.0,
    }
    return StfGen.model_validate(said | more)


# Streams.


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_the_checksum_of_a_stream_is_that_of_all_its_bytes(pieces: list[bytes]) -> None:
    value, stream = 1, StreamChecksum()
    for place, piece in reversed(list(enumerate(pieces))):
        stream.add(place, len(piece), f"ad:{adler32(piece):08x}")
    for piece in pieces:
        value = combined(value, adler32(piece), len(piece))
    whole = b"".join(pieces)
    assert value == adler32(whole) == stream.now.adler32
    assert (stream.now.files, stream.now.size_bytes) == (len(pieces), len(whole))


def test_the_first_file_that_differs_is_found() -> None:
    one, other = StreamChecksum(), StreamChecksum()
    for place in range(100):
        one.add(place, 10, f"ad:{place + 1:08x}")
        other.add(place, 10, f"ad:{place + 1 + (place == 37):08x}")
    assert first_difference(one, other) == 37
    assert first_difference(one, one) is None
    assert first_difference(one, StreamChecksum()) is None


# What the DAQ says.


def findings(*said: StfGen, checks: DaqChecks | None = None) -> list[Finding]:
    checks = checks or DaqChecks()
    return [found for one in said for found in checks.look(one)]


def test_announcements_in_order_are_no_finding_and_said_twice_neither() -> None:
    assert findings(*(announced(number) for number in (1, 2, 2, 3, 1))) == []


def test_a_gap_in_the_numbers_is_told_and_over_when_it_is_filled() -> None:
    checks = DaqChecks()
    (gap,) = findings(announced(1), announced(4), checks=checks)
    assert (gap.alarm, gap.what, gap.over) == ("sequence_gap", f"{RUN}.main", False)
    assert "2, 3" in gap.text
    first, second = findings(announced(3), announced(2), checks=checks)
    assert (first.over, second.over) == (False, True)
    assert findings(announced(5), checks=checks) == []


def test_frames_that_do_not_follow_are_told() -> None:
    (gap,) = findings(announced(1), announced(2, tf_first=11))
    assert (gap.alarm, gap.what) == ("tf_gap", stf_filename(RUN, 2))
    assert "frame 11, and 10 was to follow" in gap.text


def test_a_stamp_that_is_not_the_state_in_effect_is_told() -> None:
    checks = DaqChecks()
    about: dict[str, Any] = {"namespace": "n", "sender": "daq", "run_id": RUN, "simulation_tick": 0.0}
    checks.hear(StartRun(**about, timestamp=NOON))
    checks.hear(PauseRun(**about, timestamp=NOON + timedelta(seconds=5)))
    assert findings(announced(1), announced(2), checks=checks) == []
    (wrong,) = findings(announced(3), checks=checks)  # began at 6 s, stamped run/physics
    assert (wrong.alarm, "run/standby" in wrong.text) == ("state_stamp", True)


def test_what_came_before_a_restart_is_no_gap() -> None:
    checks = DaqChecks()
    checks.prime(RUN, [stf_filename(RUN, number) for number in (1, 2, 4)])
    assert findings(announced(5), checks=checks) == []
    (filled,) = findings(announced(3), checks=checks)
    assert filled.over


def test_a_file_whose_frames_are_damaged_is_found(tmp_path: Path) -> None:
    path = tmp_path / "swf.100010.000001.stf"
    path.write_bytes(b"no frames")
    assert content_problem(announced(1, file_url=path.as_uri()), 3)


# The watcher, in simulated time.


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def watcher(said: Said) -> Watcher:
    return Watcher(Limits(), cast(Alarms, said))


def in_physics(now: float = 100.0) -> View:
    view = View(now)
    view.enter(RUN, RunPhase.PHYSICS, "x-y-0001")
    view.expect_stream(RUN, "main", 2.0)
    return view


def test_no_stf_for_several_intervals_is_an_alarm_until_one_comes(watcher: Watcher, said: Said) -> None:
    view = in_physics()
    view.now = 109.0
    watcher.look(view)
    assert said.standing == {}
    view.now = 111.0
    watcher.look(view)
    assert list(said.standing) == [f"no_stf:{RUN}.main"]
    view.take(announced(1))
    watcher.look(view)
    assert said.standing == {}
    view.enter(RUN, RunPhase.STANDBY, None)
    view.now = 500.0
    watcher.look(view)
    assert said.standing == {}


def test_a_stage_in_which_nothing_moves_is_an_alarm(watcher: Watcher, said: Said) -> None:
    view = View(0.0)
    for view.now, passed in ((0.0, 1), (50.0, 2), (100.0, 2)):
        view.passed("BNL", passed, 3)
        watcher.look(view)
        assert said.standing == {}
    view.now = 111.0
    view.passed("BNL", 2, 3)
    watcher.look(view)
    assert "3 files wait for BNL" in said.standing["stalled_stage:BNL"]
    view.passed("BNL", 5, 0)
    watcher.look(view)
    assert said.standing == {}


@pytest.mark.parametrize(
    ("last", "subject"),
    [
        ({"size_bytes": 10_000}, "stf_size"),
        ({"size_bytes": 10}, "stf_size"),
        ({"start": NOON, "end": NOON + timedelta(seconds=1)}, "clock"),
    ],
)
def test_an_stf_unlike_the_others_is_an_alarm_as_long_as_it_is_the_newest(
    watcher: Watcher, said: Said, last: dict[str, Any], subject: str
) -> None:
    view = in_physics()
    for number in range(1, 11):
        view.take(announced(number))
    watcher.look(view)
    assert said.standing == {}
    view.take(announced(11, **last))
    watcher.look(view)
    assert list(said.standing) == [f"{subject}:{RUN}.main"]
    view.take(announced(12))
    watcher.look(view)
    assert said.standing == {}


def test_stfs_that_come_too_often_are_an_alarm_and_a_pause_is_none(watcher: Watcher, said: Said) -> None:
    view = in_physics()
    for number in range(1, 11):
        late = timedelta(seconds=600 if number > 5 else 0)
        stf = announced(number)
        view.take(stf.model_copy(update={"start": stf.start + late, "end": stf.end + late}))
    watcher.look(view)
    assert said.standing == {}
    for number in range(11, 21):
        start = NOON + timedelta(seconds=2000 + 0.5 * number)
        view.take(announced(number, start=start, end=start + timedelta(seconds=0.4)))
    watcher.look(view)
    assert list(said.standing) == [f"stf_rate:{RUN}.main"]


def test_failures_files_executions_and_datasets_are_watched(watcher: Watcher, said: Said) -> None:
    view = View(0.0)
    for place in range(3):
        view.fails(f"file {place}")
    view.late = {"a.stf": 601.0, "b.stf": 5.0}
    view.running = {"x-y-0001": 121.0}
    view.incomplete = {RUN: "1 of 2 files are registered"}
    watcher.look(view)
    assert set(said.standing) == {
        "checksum_failures:files",
        "stuck_file:a.stf",
        "stuck_execution:x-y-0001",
        f"incomplete_dataset:{RUN}",
    }
    view.now, view.late, view.running, view.incomplete = 400.0, {}, {}, {}
    watcher.look(view)
    assert said.standing == {}


def test_every_rule_has_its_alarm_and_its_parameters() -> None:
    for rule in RULES:
        assert rule.name in ALARMS
        assert set(rule.parameters) <= set(Limits.model_fields)


def test_an_archived_run_is_let_go_once_nobody_speaks_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive()
    archive.take_up(RunArchive(DatasetSpec(did=Did("group.daq", "swf.100010.run"), run=100010, sites=())))
    assert archive.knows(100010)
    assert not archive.drop_idle(100010)
    monkeypatch.setattr(archive_module, "KEPT_S", 0.0)
    assert archive.drop_idle(100010)
    assert not archive.knows(100010)


def test_checks_forget_the_runs_that_are_not_on_their_way() -> None:
    checks = DaqChecks()
    findings(announced(1), checks=checks)
    checks.keep_only({RUN})
    assert [one.alarm for one in findings(announced(3), checks=checks)] == ["sequence_gap"]
    checks.keep_only(set())
    assert not findings(announced(1), checks=checks)
