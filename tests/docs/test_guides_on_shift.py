"""Pages that look at a run while it goes on, typed in the home of `test_guides.py`: one run for them all."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from shift_home import ShiftHome, following, until

from documented import ROOT, Guide
from swf_testbed.bus import open_bus
from swf_testbed.cli.fastmon_client.columns import RUN_COLUMNS, SAMPLE_COLUMNS, table_of
from swf_testbed.config.environment import load_settings, username
from swf_testbed.control.run_files import whereabouts
from swf_testbed.fastmon_client.connection import ConnectionLog
from swf_testbed.messages import QualityFlagged
from swf_testbed.model.clock import now
from swf_testbed.model.names import stf_filename
from swf_testbed.model.status import Quality, StfStatus
from swf_testbed.monitor_client import Connected, Disconnected
from swf_testbed.records import Alarm, Run, StfFile, SystemAgent, SystemStateEvent, WorkflowExecution
from swf_testbed.records.judgement import AlarmState
from swf_testbed.records.runs import SAMPLING_CHANGED
from typed_home import TypedHome, needs

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

DAMAGED = 2
"""The STF file that somebody damages before the data agent has it."""
CLIENT = "python -m swf_fastmon_client.main"


@pytest.fixture(scope="module")
def left_behind(home: ShiftHome) -> Path:
    """Of a run of the page on the runner: an STF file as it was before somebody damaged it."""
    home.agents("data")
    if not (home.path / "var").exists():
        # What is said while it is away waits for it from its first day on.
        home.typed("testbed start --agents\ntestbed stop-agents")
    few = {"--stf-count 10": "--stf-count 3"}
    with Guide("how-to/command-the-runner.md", home, few) as page, home.monitor() as monitor:
        with page.begins("python workflows/workflow_runner.py") as runner:
            runner.until("is ready in namespace local")
            execution = page.types("python workflows/send_workflow_command.py run").strip()
            (going,) = json.loads(page.types("python workflows/send_workflow_command.py status"))["running"]
            assert going["execution_id"] == execution
            (run,) = monitor.list(Run, execution=execution)
            written = home.exit_buffer(run.run_number) / stf_filename(run.run_number, DAMAGED)
            until(written.exists, f"{written.name} is written")
            page.knows("stf_datataking-alice-0042", execution)
            page.types("python workflows/send_workflow_command.py stop")
            until(lambda: ended(home, execution), f"{execution} has ended")
            elsewhere = page.types("python workflows/send_workflow_command.py run").strip()
            until(lambda: ended(home, elsewhere), f"{elsewhere} has ended")
            runner.ctrl_c((0, 130))
        (other,) = monitor.list(Run, execution=elsewhere)
        assert other.namespace == "torre1"
        intact = written.with_suffix(".intact")
        shutil.copy(written, intact)
        written.write_bytes(intact.read_bytes()[:-1] + b"x")
        page.types("python workflows/workflow_runner.py --run-once")
    return intact


def ended(home: ShiftHome, execution: str) -> bool:
    with home.monitor() as monitor:
        return monitor.get(WorkflowExecution, execution).end_time is not None


@pytest.fixture(scope="module")
def whole(home: ShiftHome, left_behind: Path) -> int:
    """The run of that page that was not disturbed."""
    del left_behind
    until(lambda: newest(home).total_stf_files == 3, "the run of three files has ended")
    return newest(home).run_number


def newest(home: ShiftHome) -> Run:
    """The run that was begun last."""
    with home.monitor() as monitor:
        (execution,) = monitor.page(WorkflowExecution, ordering="-start_time", limit=1).results
        return until(lambda: [*monitor.list(Run, execution=execution.execution_id)], "its run is known")[0]


@pytest.fixture(scope="module")
def killing(home: ShiftHome, whole: int) -> Guide:
    """The page on killing, whose run goes on while other pages look at it."""
    del whole
    home.agents()
    here = {"--stf-count 30": "--stf-count 1000 --set daq_state_machine.stf_interval=5"}
    page = Guide("how-to/kill-and-recover.md", home, here)
    page.types("./testbed run fast_processing")
    return page


@pytest.fixture(scope="module")
def going(home: ShiftHome, killing: Guide) -> int:
    """The number of the run that goes on."""
    del killing
    return newest(home).run_number


def test_manage_data(home: ShiftHome, going: int, whole: int) -> None:
    del going
    with home.monitor() as monitor:
        until(
            lambda: not any(one.missing for one in whereabouts(monitor, whole)[1]), "every file is everywhere"
        )
    with Guide("how-to/manage-data.md", home, {"100010": str(whole)}) as page:
        shown = page.types("testbed data ls")
    assert "nothing is missing; 3 files at BNL, JLAB" in shown
    assert "copies are as they were announced" in shown


def test_handle_alarms_and_dead_letters(home: ShiftHome, going: int, left_behind: Path) -> None:
    del going
    needs("curl")
    damaged = left_behind.with_suffix(".stf")
    with home.monitor() as monitor:
        (alarm,) = monitor.list(Alarm, subject=f"verification:{damaged.name}")
        own = {"YOU": username(), "http://127.0.0.1:8002": home.environment["SWF_MONITOR_HTTP_URL"]}
        with Guide("how-to/handle-alarms.md", home, {**own, "/17/": f"/{alarm.id}/"}) as page:
            page.types("export SWF_API_TOKEN")
        assert monitor.get(Alarm, alarm.id).state is AlarmState.ACKNOWLEDGED
        with Guide("how-to/dead-letters.md", home) as page:
            (listed,) = page.types("./testbed dead-letters list").splitlines()[1:]
            page.knows("3f2a9c", listed[:6])
            assert json.loads(page.types("./testbed dead-letters show"))["body"]["filename"] == damaged.name
            shutil.copy(left_behind, damaged)
            assert "sent again" in page.types("./testbed dead-letters resend")
        until(lambda: monitor.get(Alarm, alarm.id).state is AlarmState.OVER, "the alarm is over")
        assert monitor.get(StfFile, damaged.name).status is not StfStatus.FAILED


def test_watch_a_shift(home: ShiftHome, going: int) -> None:
    with Guide("how-to/watch-a-shift.md", home) as page, page.begins("testbed watch") as watch:
        watch.until("drich")
        watch.ctrl_c()


def test_change_the_sampling(home: ShiftHome, going: int) -> None:
    with Guide("how-to/change-the-sampling.md", home) as page, home.monitor() as monitor:
        (home.path / "policies.toml").write_text(page.block("[fastmon]\ntf_files_per_stf"))
        until(lambda: monitor.sampling(going).stfs, "figures of an STF")
        begun = monitor.sampling(going).sampling
        shown = page.types("testbed sampling show")
        reset = monitor.sampling(going)
        again = monitor.change_sampling(going, reset.changes[-1].change)
        events = monitor.list(SystemStateEvent, run_number=going, event_type=SAMPLING_CHANGED)
        kept: list[Any] = [event.event_data for event in events]
    assert re.search(r"^frames taken\t\d+ of \d+: ", shown, re.MULTILINE)
    assert re.search(r"^bytes read\t\d+ of \d+: [\d.]+%, in \d+ requests", shown, re.MULTILINE)
    assert re.search(r"^read at \S+\t\d+ STFs, ", shown, re.MULTILINE)
    *_, first, second, third = (line for line in shown.splitlines() if line.startswith("changed "))
    assert all(f" by {username()}\t" in line for line in (first, second, third))
    fraction, policies, back = (one.change for one in reset.changes)
    assert fraction == {"selection_fraction": 0.1}
    assert policies["tf_files_per_stf"] == 7
    assert set(policies) == {"tf_files_per_stf", "policies", "streams", "subsystems"}
    assert set(back.values()) == {None}
    assert reset.sampling == again.sampling == begun
    assert all(change in [one["change"] for one in kept] for change in (fraction, policies, back))


def test_follow_the_stream(home: ShiftHome, going: int) -> None:
    needs("curl")
    guide = Guide("how-to/follow-the-stream.md")
    here = {"http://127.0.0.1:8002": home.environment["SWF_MONITOR_HTTP_URL"], "100010": str(going)}
    with home.monitor() as monitor:
        last = monitor.newest_event_id()
    now_on, after, all_kept = guide.block("curl -N", {**here, "4711": str(last)}).splitlines()
    for line, expected in ((now_on, "event: stf_ready"), (after, f'run_id":{going}'), (all_kept, "id: 1\n")):
        with home.beside(["/bin/sh", "-c", line], line) as curl:
            curl.until(expected)


def test_follow_from_home(home: ShiftHome, going: int, tmp_path: Path) -> None:
    needs("jq")
    here = {
        "YOU": "alice",
        "https://swf.example.org/swf-monitor": home.environment["SWF_MONITOR_URL"],
        # What it would fetch is there.
        "pip install .": f"pip install --quiet --no-deps --no-index --no-build-isolation {ROOT}",
        "--every 5": "--every 0.1",
    }
    with Guide("tutorials/follow-from-home.md", home, here) as page, home.monitor() as monitor:
        token = page.types("testbed token YOU")
        there = elsewhere(tmp_path)
        page.home = there
        page.types("umask 077", pasted=token)
        assert (there.path / ".swf" / "token").stat().st_mode & 0o777 == 0o600
        assert "swf-fastmon-client" in page.types("python3 -m venv")
        page.types("export SWF_MONITOR_URL", codes=(2,))
        assert "certificate" in page.told
        shutil.copy(home.path / "var" / "private" / "monitor-certificate.pem", there.path / ".swf")
        page.types("export REQUESTS_CA_BUNDLE")
        with page.begins(f"{CLIENT} start") as start:
            start.until(f"run {going}\tswf.{going}.")
            (last,) = re.findall(r"^last_event_id\t(\d+)$", start.ctrl_c(), re.MULTILINE)
        with page.begins(f"{CLIENT} start --since 1h") as start:
            start.until(f"run {going - 1}\t")
            start.ctrl_c()
        page.knows("4711", last)
        with page.begins(f"{CLIENT} start --since 4711") as start:
            start.until(f"begins after message {last}")
            start.ctrl_c()
        with page.begins(f"{CLIENT} start --message-types quality_flag") as script:
            until(lambda: following(monitor, "quality_flag"), "it follows")
            say_that_data_is_bad(home, going)
            script.until("drich: everything is dark")
            script.ctrl_c()
        (there.path / ".swf" / "token-that-writes").write_text(load_settings(home.environment).api_token())
        page.types("export SWF_API_TOKEN")
        with page.begins("export SWF_SSE_RECEIVER_NAME") as receiver:
            receiver.until("connected")
            assert monitor.get(SystemAgent, "control-room-at-home").agent_type == "sse_receiver"
            assert "3 of 3" in page.types(f"{CLIENT} send")
            receiver.until("sse_test")
            receiver.ctrl_c()
    log = ConnectionLog()
    for item in (Connected(None, False), Disconnected("gone", 0.1), Connected(4711, False)):
        said = log.hear(item)
    assert page.block("connected again").strip() == said
    heads = [line.strip("┃").split("┃") for line in page.block("https://").splitlines() if "┃" in line]
    tables = table_of("", RUN_COLUMNS, (), 80), table_of("", SAMPLE_COLUMNS, (), 80)
    assert [[cell.strip() for cell in head] for head in heads] == [
        [column.header for column in table.columns] for table in tables
    ]


def elsewhere(path: Path) -> TypedHome:
    """The home of somebody on another machine: nothing of the testbed's is in the environment."""
    # What `pip install .` would fetch.
    packages = Path(pytest.__file__).parents[1]
    return TypedHome.of(path, {"HOME": str(path), "LANG": "C.UTF-8", "PYTHONPATH": str(packages)})


def say_that_data_is_bad(home: ShiftHome, run: int) -> None:
    flag = QualityFlagged(
        namespace="local",
        sender="merger-t-1",
        run_id=run,
        subsystem="drich",
        histogram="hits",
        check="dead",
        quality=Quality.BAD,
        reason="everything is dark",
        since=now(),
    )
    with open_bus(load_settings(home.environment)) as bus:
        bus.publish(flag)


def test_kill_and_recover(home: ShiftHome, killing: Guide, going: int) -> None:
    with killing as page, home.monitor() as monitor:
        (victim,) = home.pids("merger")
        page.knows("PID", str(victim))
        before = mergers(page.types("./testbed status"))
        begin = monitor.newest_event_id()
        until(lambda: home.pids("merger") - {victim}, "another merger")
        with monitor.events(begin, msg_types=["histograms_updated"], run_ids=[going]) as events:
            next(iter(events))
        after = mergers(page.types("./testbed status\n./testbed logs merger"))
        assert (len(before), len(after), before & after) == (1, 1, set())
        said = page.types("./testbed stop-agents\n./testbed stop")
        assert "agents stopped" in said
    assert home.pids("merger") == set()


def mergers(status: str) -> set[str]:
    """Their names, as agents."""
    return set(re.findall(r"^(merger-\S+)\t", status, re.MULTILINE))


def test_add_a_subsystem(home: ShiftHome, tmp_path: Path) -> None:
    """What is typed; what an entry does is told in `tests/daq/test_add_subsystem.py`."""
    home.agents("data")
    guide = Guide("how-to/add-a-subsystem.md")
    shipped = ROOT / "src" / "swf_testbed" / "model" / "detectors.toml"
    (tmp_path / "detectors.toml").write_text(shipped.read_text() + guide.block("[[detector]]"))
    (tmp_path / "sitecustomize.py").write_text(OTHER_DETECTORS)
    run = max(int(folder.name) for folder in home.exit_buffer(0).parent.iterdir()) + 1
    there = home.having(PYTHONPATH=str(tmp_path))
    with Guide("how-to/add-a-subsystem.md", there, {"100010": str(run)}) as page:
        assert "zdc" in page.types("testbed stop-agents").splitlines()[-1]
    there.typed("testbed stop")


OTHER_DETECTORS = """
import tomllib
from pathlib import Path

from swf_testbed.model import detectors

detectors._table = lambda: tomllib.loads(Path(__file__).with_name("detectors.toml").read_text("utf-8"))
"""
