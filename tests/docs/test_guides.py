"""Pages that need no more than the testbed itself, typed in one home, one after another as on a first day.

Services stay up from page to page, and runs that one page took are looked at by the next.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from guides import LEFT_OUT
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from shift_home import ShiftHome, until

from documented import Guide, prose
from swf_test_servers import Postgres
from swf_testbed.config.compose import compose
from swf_testbed.config.environment import username
from swf_testbed.config.simulation import Simulation
from swf_testbed.control.doctor.diagnosis import CHECKS
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.model.clock import now_ns
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import FIRST_RUN_NUMBER, MAIN_STREAM, StfName, stf_filename
from swf_testbed.model.states import PHYSICS
from swf_testbed.model.status import RunMark
from swf_testbed.records import FastmonFile, Run, WorkflowExecution
from typed_home import needs

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

FIRST, SECOND = FIRST_RUN_NUMBER, FIRST_RUN_NUMBER + 1
"""The runs of the first page."""


def test_first_run(home: ShiftHome) -> None:
    name = "tutorials/first-run.md"
    with Guide(name, home) as page:
        assert "stf_registered\t5" in page.types("./testbed run fast_processing --stf-count 5 --watch")
        shown = page.types("./testbed status")
        assert all(word in shown for word in ("broker", "monitor", "intake", "merger", "READY"))
        assert stf_filename(FIRST, 1) in page.types("source setup.sh\nstf ls")
        page.types("./testbed stop-agents\n./testbed run fast_processing --stf-count 5 --wait --json")
        summary = json.loads((home.path / "summary.json").read_text())
        for path in keys_of_the_table(page.path):
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
    name = "how-to/replay-an-execution.md"
    with Guide(name, home, {"stf_datataking-alice-0042": recorded}) as page:
        assert "replay-" in page.types("./testbed start\n./testbed replay")
        done = json.loads(page.types("./testbed replay"))
    assert (done["replay_of"], done["namespace"]) == (recorded, "rehearsal")
    assert done["messages"] + done["left_out"] == done["total"] > 0
    assert done["runs"].keys() == {str(FIRST)}
    assert min(done["runs"].values()) > 2**30


def test_judge_a_run(home: ShiftHome) -> None:
    own = {"100012": str(FIRST), "100013": str(SECOND), "100014": str(SECOND)}
    with Guide("how-to/judge-a-run.md", home, own) as page:
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
    name = "how-to/back-up-and-restore.md"
    with Guide(name, home.having(**its), {"/backup/": f"{tmp_path}/"}) as page:
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


def test_sample_files_that_nobody_announces(home: ShiftHome) -> None:
    run, folder, more = FIRST - 1, home.path / "plugged-in", home.path / "more"
    more.mkdir()
    name = StfName(run, 1, MAIN_STREAM)
    ExitBuffer(folder, run, Simulation(tf_per_stf=100)).write(StfSlot(name, PHYSICS, now_ns(), 0.0))
    own = {"/data/stf": str(folder), "/more/stf": str(more)}
    with (
        Guide("how-to/sample-unannounced-files.md", home, own) as page,
        home.monitor() as monitor,
    ):
        page.types("export FASTMON_MODE")
        with page.begins("python -m swf_fastmon_agent.main") as agent:
            until(lambda: monitor.page(FastmonFile, stf_file=str(name)).total == 7, f"samples of {name}")
            agent.ctrl_c((0, 130))


def test_let_an_assistant_look(home: ShiftHome) -> None:
    """What it does then is told in `tests/chain/test_chain_assistant.py`."""
    with Guide("how-to/assistant.md", home) as page:
        page.types("./testbed start")
        token = page.types("./testbed token").strip()
    configured = json.loads(page.block('{"mcpServers"', {"/path/to/swf-testbed": str(home.path)}))
    (program,) = configured["mcpServers"].values()
    server = StdioServerParameters(**program, env=home.environment, cwd=home.path)
    address = f"{home.environment['SWF_MONITOR_HTTP_URL']}/mcp/"

    async def ask() -> list[Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False) as http,
            Client(streamable_http_client(address, http_client=http)) as by_address,
            Client(server) as by_program,
        ):
            return [await one.call_tool("check_agent_manager", {}) for one in (by_address, by_program)]

    for said in asyncio.run(ask()):
        assert said.structured_content["what"] == f"the agent manager of {username()} answers"
    home.typed("testbed agent-manager --stop")


def test_agent_manager(home: ShiftHome) -> None:
    home.agents("data")
    name = "how-to/agent-manager.md"
    with Guide(name, home, left_out=LEFT_OUT[name]) as page:
        page.types("testbed agent-manager --detach")
        assert "answers on /queue/testbed." in page.types("testbed agent-manager --status")
        assert "workflow_runner" in page.types("from swf_testbed.config.environment import settings")
        assert "stopped" in page.types("testbed agent-manager --stop")
        page.types("testbed agent-manager --install")
    assert "removed" in home.typed("testbed agent-manager --uninstall")


def test_change_parameters(home: ShiftHome) -> None:
    home.agents("data")
    name = "how-to/change-parameters.md"
    (home.path / "workflows" / "my_workflow.toml").write_text(Guide(name).block("[workflow]"))
    short = {"fast_processing --set": "fast_processing --fast --wait --stf-count 2 --set"}
    with Guide(name, home, {**short, "run my_workflow": "run my_workflow --fast --wait"}) as page:
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
    name = "how-to/write-a-schedule.md"
    schedule = Guide(name).block('[workflow]\nname = "two_runs"')
    file = home.path / "workflows" / "two_runs.toml"
    file.write_text(schedule)
    # Counted in simulated seconds, so with the interval of the field.
    own = {"--watch": "--wait --fast --set daq_state_machine.stf_interval=2"}
    with Guide(name, home, own) as page:
        shown = page.types("./testbed run two_runs")
    assert "status\tcompleted" in shown
    message = Guide(name).block("testbed: daq_state_machine.schedule")
    first, calibration, *_ = schedule[schedule.index("    {") :].splitlines(keepends=True)
    physics = next(line for line in schedule.splitlines(keepends=True) if "stf_count = 5" in line)
    file.write_text(schedule.replace(first + calibration, first + physics))
    with pytest.raises(BadInput) as error:
        compose("two_runs", home.path)
    _, _, said = " ".join(message.split()).partition("= ...: ")
    assert said in str(error.value)


def test_doctor(home: ShiftHome) -> None:
    with Guide("how-to/doctor.md", home) as page:
        told = re.findall(r"^\| ([a-z ]+) \|", prose(page.path), re.MULTILINE)
        page.types("testbed doctor")
        assert "stf_datataking-" in page.types("testbed doctor && testbed run fast_processing")
    home.typed("testbed stop-agents")
    assert set(told) == set(CHECKS)


def test_your_own_workflow(home: ShiftHome) -> None:
    """What the page shows of its timing is as shipped."""
    home.agents(quick="")
    name = "tutorials/your-own-workflow.md"
    with Guide(name, home, kinds=("sh", "console")) as page:
        page.types("source setup.sh")
        page.types("$ testbed new-workflow pulses")
        # What was written says more, for who begins with it; what the page shows of it works as it is.
        for suffix, beginning in {"py": "from swf_testbed", "toml": "[workflow]"}.items():
            (home.path / "workflows" / f"pulses.{suffix}").write_text(page.block(beginning))
        for beginning in ("rehearse pulses\n", "rehearse pulses --set"):
            page.types(f"$ testbed {beginning}")
        for beginning in ("/env", "s/^"):
            page.types(f"$ sed -i '{beginning}")
        said = page.types("testbed run pulses --fast --wait")
    summary = dict(line.split("\t") for line in said.splitlines())
    assert summary["status"] == "completed"
    assert summary["stf_count"] == summary["stf_registered"] == "4"
    assert summary["slices.lost"] == summary["slices.failed"] == "0"
    home.typed("testbed stop-agents")
