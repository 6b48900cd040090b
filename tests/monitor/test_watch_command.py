"""`testbed watch` against a real monitor: what people see in a terminal, and scripts in a pipe."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from client_process import Client, running
from monitor_instance import Instance

from swf_testbed.messages import EndRun
from swf_testbed.model.clock import now
from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import Quality, Severity
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Alarm, QualityFlag, Run, RunState

TESTBED = "swf_testbed.cli.main"


@pytest.fixture
def namespace(run_number: int) -> str:
    return f"watch-{run_number}"


@pytest.fixture
def going(client: MonitorClient, run_number: int, namespace: str) -> int:
    """A run in physics, with unit 17 of dRICH dead, and an alarm."""
    client.upsert([Run(run_number=run_number, namespace=namespace, start_time=now())])
    state = {"phase": RunPhase.PHYSICS, "state": State.RUN, "substate": Substate.PHYSICS}
    client.upsert([RunState.model_validate({"run_number": run_number, **state})])
    client.upsert([flag(run_number, "drich", Quality.BAD, "unit 17 is dead")])
    client.upsert([Alarm(namespace=namespace, severity=Severity.ERROR, subject="quality:dRICH", text="bad")])
    return run_number


def flag(run: int, subsystem: str, quality: Quality, reason: str) -> QualityFlag:
    said = {"run_number": run, "subsystem": subsystem, "check": "dead", "since": now(), "reason": reason}
    return QualityFlag.model_validate(said | {"quality": quality})


@contextmanager
def watching(instance: Instance, *words: str, columns: int = 0) -> Iterator[Client]:
    own = {"SWF_MONITOR_HTTP_URL": instance.url}
    with running(instance, "watch", *words, environment=own, columns=columns, module=TESTBED) as client:
        yield client


def end(client: MonitorClient, instance: Instance, run: int, namespace: str) -> None:
    """The run ends, and the bus says so."""
    client.upsert([Run(run_number=run, end_time=now())])
    said: dict[str, Any] = {"namespace": namespace, "sender": "t", "run_id": run, "simulation_tick": 1}
    said["total_stf_files"] = 0
    with instance.bus() as bus:
        bus.publish(EndRun.model_validate({**said, "state": State.BEAM, "substate": Substate.NOT_READY}))


def test_once_prints_a_line_for_each_subsystem_the_worst_first(instance: Instance, going: int) -> None:
    with watching(instance, str(going), "--once") as seen:
        code, out, err = seen.end()
    lines = [line.split("\t")[1:] for line in out.splitlines()]
    assert lines[0] == [f"run {going}", "run", "physics", "bad"]
    assert lines[1] == [f"run {going}", "drich", "bad", "unit 17 is dead"]
    assert lines[-1][2:] == ["error", "quality:dRICH"]
    assert (code, err) == (0, "")


def test_a_person_sees_a_table_that_moves_until_ctrl_c(
    instance: Instance, client: MonitorClient, going: int, namespace: str
) -> None:
    with watching(instance, "--namespace", namespace, columns=120) as seen:
        first = seen.out.wait_for("unit 17 is dead")
        assert "quality:dRICH" in first
        assert f"run {going}" in first
        assert "UTC" in first
        client.upsert([flag(going, "btof", Quality.MEDIUM, "channel 5 is hot")])
        seen.out.wait_for("channel 5 is hot")
        seen.interrupt()
        code, _, err = seen.end()
    assert (code, err) == (130, "")


def test_a_narrow_terminal_shows_what_matters(instance: Instance, going: int) -> None:
    with watching(instance, str(going), "--once", columns=50) as seen:
        code, out, _ = seen.end()
    assert code == 0
    assert max(len(line) for line in re.split(r"[\r\n]+", out)) <= 50
    assert "dRICH" in out
    assert "dead" in out


def test_a_pipe_gets_lines_of_what_changed_and_ends_with_the_run(
    instance: Instance, client: MonitorClient, going: int, namespace: str
) -> None:
    with watching(instance, str(going)) as seen:
        seen.out.wait_for("quality:dRICH")
        client.upsert([flag(going, "btof", Quality.MEDIUM, "channel 5 is hot")])
        seen.out.wait_for("btof\tmedium\tchannel 5 is hot")
        end(client, instance, going, namespace)
        code, out, _ = seen.end()
    assert code == 0
    assert out.count("drich\tbad") == 1


def test_json_is_an_object_a_line(instance: Instance, going: int, namespace: str) -> None:
    with watching(instance, "--namespace", namespace, "--json") as seen:
        seen.out.wait_for("\n")
        seen.interrupt(signal.SIGTERM)
        code, out, err = seen.end()
    documents = [json.loads(line) for line in out.splitlines()]
    assert documents[0]["run_number"] == going
    assert documents[0]["subsystems"][0]["reason"] == "unit 17 is dead"
    assert (code, err) == (143, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [(("4000000",), "there is no run 4000000"), (("--namespace", "no such"), "namespace")],
)
def test_what_cannot_be_watched_is_said_in_a_line(
    instance: Instance, words: tuple[str, ...], said: str
) -> None:
    with watching(instance, *words) as seen:
        code, out, err = seen.end()
    assert code != 0
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
