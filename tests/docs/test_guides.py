"""Pages that need no more than the testbed itself, typed in one home, one after another as on a first day.

Services stay up from page to page, and runs that one page took are looked at by the next.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shift_home import ShiftHome, needs, until
from typed_page import TypedPage

from documented import ROOT, blocks, prose
from swf_test_servers import Postgres
from swf_testbed.config.compose import compose
from swf_testbed.config.environment import username
from swf_testbed.config.simulation import Simulation
from swf_testbed.control.doctor.diagnosis import CHECKS
from swf_testbed.control.run_files import whereabouts
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.model.clock import now_ns
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import FIRST_RUN_NUMBER, MAIN_STREAM, StfName, stf_filename
from swf_testbed.model.states import PHYSICS
from swf_testbed.model.status import RunMark, StfStatus
from swf_testbed.records import Alarm, FastmonFile, Run, StfFile, WorkflowExecution
from swf_testbed.records.judgement import AlarmState

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

FIRST, SECOND = FIRST_RUN_NUMBER, FIRST_RUN_NUMBER + 1
"""The runs of the first page."""
DAMAGED = 2
"""The STF file that somebody damages before the data agent has it."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShiftHome]:
    path = tmp_path_factory.mktemp("guides") / "home"
    path.mkdir()
    made = ShiftHome.at(path)
    made.furnish()
    made.agents()
    yield made
    made.typed("testbed stop")


def test_first_run(home: ShiftHome) -> None:
    name = "docs/tutorials/first-run.md"
    with TypedPage(home, name) as page:
        assert "stf_registered\t5" in page.types("./testbed run fast_processing --stf-count 5 --watch")
        shown = page.types("./testbed status")
        assert all(word in shown for word in ("broker", "monitor", "intake", "merger", "READY"))
        assert stf_filename(FIRST, 1) in page.types("source setup.sh\nstf ls")
        page.types("./testbed stop-agents\n./testbed run fast_processing --stf-count 5 --wait --json")
        summary = json.loads((home.path / "summary.json").read_text())
        for path in keys_of_the_table(ROOT / name):
            found = summary
            for key in path:
                assert key in found, f"{name}: the summary has no {'.'.join(path)}"
                found = found[key]
        page.types("./testbed stop")


def keys_of_the_table(page: Path) -> Iterator[list[str]]:
    """What the first cells of a table of keys name; after `slices.created` comes a key of the same."""
    for cell in re.findall(r"^\| (`.+?`) \|", prose(page), re.MULTILINE):
        above: list[str] = []
        for key in re.findall(r"`([^`]+)`", cell):
            path = key.split(".") if "." in key else [*above, key]
            above = path[:-1]
            yield path


def test_replay_an_execution(home: ShiftHome) -> None:
    home.typed("testbed start")
    with home.monitor() as monitor:
        recorded = min(one.execution_id for one in monitor.list(WorkflowExecution))
    name = "docs/how-to/replay-an-execution.md"
    with TypedPage(home, name, {"stf_datataking-alice-0042": recorded}) as page:
        assert "replay-" in page.types("./testbed start\n./testbed replay")
        done = json.loads(page.types("./testbed replay"))
    assert (done["replay_of"], done["namespace"]) == (recorded, "rehearsal")
    assert done["messages"] + done["left_out"] == done["total"] > 0
    assert done["runs"].keys() == {str(FIRST)}
    assert min(done["runs"].values()) > 2**30


def test_judge_a_run(home: ShiftHome) -> None:
    own = {"100012": str(FIRST), "100013": str(SECOND), "100014": str(SECOND)}
    with TypedPage(home, "docs/how-to/judge-a-run.md", own) as page:
        page.types("testbed reference mark")
        made = page.types("testbed reference mark")
        assert f"{FIRST}, {SECOND}" in made
        assert "run.physics/1" in made
        said = page.types("testbed quality")
    assert json.loads(said[said.index("{") :])["run_number"] == SECOND
    assert (home.path / "flags.csv").read_text().startswith("run_number,")


@pytest.mark.usefixtures("postgres")
def test_back_up_and_restore(home: ShiftHome, postgres: Postgres, tmp_path: Path) -> None:
    for program in ("sqlite3", "pg_dump"):
        needs(program)
    its = {
        "PGHOST": postgres.host,
        "PGPORT": str(postgres.port),
        "PGUSER": postgres.user,
        "PGPASSWORD": postgres.password,
    }
    with postgres.connect() as connection:
        connection.execute("CREATE DATABASE swfdb")
    with postgres.connect("swfdb") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 17 AS number")
    name = "docs/how-to/back-up-and-restore.md"
    with TypedPage(home.having(**its), name, {"/backup/": f"{tmp_path}/"}) as page:
        page.types("sqlite3")
        (tmp_path / "monitor.sqlite3").unlink()
        page.types("python -c")
        with home.monitor() as monitor:
            monitor.mark_run(FIRST, RunMark.BAD, "after the copy was made")
        page.types("testbed stop")
        with home.monitor() as monitor:
            assert monitor.get(Run, FIRST).mark is RunMark.GOOD
        page.types("pg_dump")
        with postgres.connect() as connection:
            connection.execute("DROP DATABASE swfdb")
        page.types("createdb")
    with postgres.connect("swfdb") as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(17,)]
    with postgres.connect() as connection:
        connection.execute("DROP DATABASE swfdb")


@pytest.fixture(scope="module")
def left_behind(home: ShiftHome) -> Path:
    """Of a run of the page on the runner: an STF file as it was before somebody damaged it."""
    home.agents("data")
    name = "docs/how-to/command-the-runner.md"
    with TypedPage(home, name) as page, home.monitor() as monitor:
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


def test_command_the_runner(home: ShiftHome, left_behind: Path) -> None:
    del left_behind
    with home.monitor() as monitor:
        newest = max(
            (run for run in monitor.list(Run) if run.namespace == "local"), key=lambda run: run.run_number
        )
    assert newest.total_stf_files == 10


def test_sample_files_that_nobody_announces(home: ShiftHome) -> None:
    run, folder, more = 200_001, home.path / "plugged-in", home.path / "more"
    more.mkdir()
    name = StfName(run, 1, MAIN_STREAM)
    ExitBuffer(folder, run, Simulation(tf_per_stf=100)).write(StfSlot(name, PHYSICS, now_ns(), 0.0))
    own = {"/data/stf": str(folder), "/more/stf": str(more)}
    with (
        TypedPage(home, "docs/how-to/sample-unannounced-files.md", own) as page,
        home.monitor() as monitor,
    ):
        page.types("export FASTMON_MODE")
        with page.begins("python -m swf_fastmon_agent.main") as agent:
            until(lambda: monitor.page(FastmonFile, stf_file=str(name)).total == 7, f"samples of {name}")
            agent.ctrl_c((0, 130))


def test_agent_manager(home: ShiftHome) -> None:
    home.agents("data")
    with TypedPage(home, "docs/how-to/agent-manager.md") as page:
        page.types("testbed agent-manager --detach")
        assert "answers on /queue/testbed." in page.types("testbed agent-manager --status")
        assert "workflow_runner" in page.types("from swf_testbed.config.environment import settings")
        assert "stopped" in page.types("testbed agent-manager --stop")
        page.types("testbed agent-manager --install")
    assert "removed" in home.typed("testbed agent-manager --uninstall")


def test_change_parameters(home: ShiftHome) -> None:
    home.agents("data")
    name = "docs/how-to/change-parameters.md"
    (workflow,) = (block.text for block in blocks(ROOT / name, "toml") if "[workflow]" in block.text)
    (home.path / "workflows" / "my_workflow.toml").write_text(workflow)
    short = {"fast_processing --set": "fast_processing --fast --wait --stf-count 2 --set"}
    with TypedPage(home, name, {**short, "run my_workflow": "run my_workflow --fast --wait"}) as page:
        page.types("./testbed run fast_processing")
        page.types("./testbed run my_workflow")
    with home.monitor() as monitor:
        newest = monitor.list(WorkflowExecution, ordering="-start_time")
        made: list[Any] = [one.parameter_values for one in newest]
    assert made[1]["fast_processing"]["slices_per_sample"] == 30
    assert made[1]["simulation"]["scale"] == 0.02
    assert made[0]["daq_state_machine"]["physics_period_count"] == 3


def test_write_a_schedule(home: ShiftHome) -> None:
    home.agents("data")
    name = "docs/how-to/write-a-schedule.md"
    schedule = blocks(ROOT / name, "toml")[0].text
    file = home.path / "workflows" / "two_runs.toml"
    file.write_text(schedule)
    # Counted in simulated seconds, so with the interval of the field.
    own = {"--watch": "--wait --fast --set daq_state_machine.stf_interval=2"}
    with TypedPage(home, name, own) as page:
        shown = page.types("./testbed run two_runs")
    assert "status\tcompleted" in shown
    (message,) = (block.text for block in blocks(ROOT / name, "text"))
    first, calibration, *_ = schedule[schedule.index("    {") :].splitlines(keepends=True)
    physics = next(line for line in schedule.splitlines(keepends=True) if "stf_count = 5" in line)
    file.write_text(schedule.replace(first + calibration, first + physics))
    with pytest.raises(BadInput) as error:
        compose("two_runs", home.path)
    _, _, said = " ".join(message.split()).partition("= ...: ")
    assert said in str(error.value)


def test_doctor(home: ShiftHome) -> None:
    name = "docs/how-to/doctor.md"
    told = re.findall(r"^\| ([a-z ]+) \|", prose(ROOT / name), re.MULTILINE)
    with TypedPage(home, name) as page:
        page.types("testbed doctor")
        assert "stf_datataking-" in page.types("testbed doctor && testbed run fast_processing")
    home.typed("testbed stop-agents")
    assert set(told) == set(CHECKS)


@pytest.fixture(scope="module")
def killing(home: ShiftHome, left_behind: Path) -> TypedPage:
    """The page on killing, whose run goes on while other pages look at it."""
    del left_behind
    home.agents()
    own = {"--stf-count 30": "--stf-count 1000 --set daq_state_machine.stf_interval=1"}
    page = TypedPage(home, "docs/how-to/kill-and-recover.md", own)
    page.types("./testbed run fast_processing")
    return page


@pytest.fixture
def going(home: ShiftHome, killing: TypedPage) -> int:
    """The number of the run that goes on."""
    del killing
    with home.monitor() as monitor:
        return monitor.overview(namespace="local").run_number


def test_manage_data(home: ShiftHome, going: int) -> None:
    del going
    with home.monitor() as monitor:
        until(
            lambda: not any(one.missing for one in whereabouts(monitor, FIRST)[1]), "every file is everywhere"
        )
    with TypedPage(home, "docs/how-to/manage-data.md") as page:
        shown = page.types("testbed data ls")
    assert "nothing is missing; 5 files at BNL, JLAB" in shown
    assert "copies are as they were announced" in shown


def test_handle_alarms_and_dead_letters(home: ShiftHome, going: int, left_behind: Path) -> None:
    del going
    needs("curl")
    damaged = left_behind.with_suffix(".stf")
    with home.monitor() as monitor:
        (alarm,) = monitor.list(Alarm, subject=f"verification:{damaged.name}")
        own = {"YOU": username(), "http://127.0.0.1:8002": home.environment["SWF_MONITOR_HTTP_URL"]}
        with TypedPage(home, "docs/how-to/handle-alarms.md", {**own, "/17/": f"/{alarm.id}/"}) as page:
            page.types("export SWF_API_TOKEN")
        assert monitor.get(Alarm, alarm.id).state is AlarmState.ACKNOWLEDGED
        with TypedPage(home, "docs/how-to/dead-letters.md") as page:
            (listed,) = page.types("./testbed dead-letters list").splitlines()[1:]
            page.knows("3f2a9c", listed[:6])
            assert json.loads(page.types("./testbed dead-letters show"))["body"]["filename"] == damaged.name
            shutil.copy(left_behind, damaged)
            assert "sent again" in page.types("./testbed dead-letters resend")
        until(lambda: monitor.get(Alarm, alarm.id).state is AlarmState.OVER, "the alarm is over")
        assert monitor.get(StfFile, damaged.name).status is not StfStatus.FAILED


def test_watch_a_shift(home: ShiftHome, going: int) -> None:
    with TypedPage(home, "docs/how-to/watch-a-shift.md") as page, page.begins("testbed watch") as watch:
        watch.until("drich")
        watch.ctrl_c()
