"""Old messages and logs go, in truth to those who resume; executions and runs that nobody ended are ended."""

import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import pytest
from monitor_instance import Instance
from stored_notes import note

from swf_testbed.model.clock import iso
from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import ExecutionStatus, OperationalState
from swf_testbed.monitor.commands.ages import age
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Log,
    Run,
    RunState,
    SystemAgent,
    SystemStateEvent,
    WorkflowExecution,
    WorkflowMessage,
)

pytestmark = pytest.mark.both_databases

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def make_old(instance: Instance, until: int) -> None:
    """Let all messages until a number, and all logs, have arrived 40 days ago."""
    instance.manage(
        "shell",
        "-c",
        "from datetime import timedelta; from django.db.models import F\n"
        "from swf_testbed.monitor.store.models import Log, WorkflowMessage\n"
        f"old = WorkflowMessage.objects.filter(id__lte={until})\n"
        "old.update(received_at=F('received_at') - timedelta(days=40))\n"
        "Log.objects.update(created_at=F('created_at') - timedelta(days=40))",
    )


def line(number: int) -> Log:
    return Log(
        app_name="a",
        instance_name="a-1",
        timestamp=LONG_AGO,
        level=20,
        levelname="INFO",
        message=f"line {number}",
    )


def first_word(api: httpx.Client, last_event_id: int) -> bytes:
    headers = {"Last-Event-ID": str(last_event_id)}
    with api.stream("GET", "/messages/stream/", headers=headers) as stream:
        return next(stream.iter_bytes())


def test_old_messages_and_logs_are_deleted_and_who_resumes_is_told(
    instance: Instance, client: MonitorClient, api: httpx.Client, namespace: str, run_number: int
) -> None:
    client.upsert([Run(run_number=run_number)])
    client.upsert([note(namespace, number) for number in range(5)])
    client.upsert([line(number) for number in range(2500)])
    ids = [message.id or 0 for message in client.list(WorkflowMessage, namespace=namespace, ordering="id")]
    make_old(instance, ids[2])
    older, logs = client.page(WorkflowMessage, limit=1).total - 2, client.page(Log, limit=1).total
    counted = f"{older} messages and {logs} logs that arrived before"
    assert instance.manage("prune", "--older-than", "30d", "--dry-run").startswith(f"would delete {counted}")
    assert client.page(WorkflowMessage, namespace=namespace).total == 5
    assert instance.manage("prune", "--older-than", "30d").startswith(f"deleted {counted}")
    assert client.page(Log).total == 0
    assert [message.id for message in client.list(WorkflowMessage, ordering="id")] == ids[3:]
    assert client.get(Run, run_number)
    assert instance.manage("prune", "--older-than", "30d").startswith("deleted 0 messages and 0 logs")
    for number, history in ((0, b"gone"), (ids[1], b"gone"), (ids[2], b"complete"), (ids[4], b"complete")):
        assert b'"history":"%s"' % history in first_word(api, number), number
    with client.events(0, namespace=namespace) as stream:
        assert [event.id for event in islice(stream, 2)] == ids[3:]


def test_who_has_heard_all_misses_nothing_when_all_is_deleted(
    instance: Instance, client: MonitorClient, api: httpx.Client, namespace: str
) -> None:
    client.upsert([note(namespace, 0)])
    last = client.page(WorkflowMessage, namespace=namespace).results[0].id or 0
    instance.manage("prune", "--older-than", "0s")
    assert client.page(WorkflowMessage).total == 0
    assert b'"history":"complete"' in first_word(api, last)
    assert b'"history":"gone"' in first_word(api, last - 1)
    with client.events(last, namespace=namespace) as stream:
        client.upsert([note(namespace, 1)])
        assert next(iter(stream)).id > last


def test_history_that_goes_while_it_is_told_is_said(
    instance: Instance, client: MonitorClient, api: httpx.Client, namespace: str
) -> None:
    client.upsert([note(namespace, 0)])
    begin = client.page(WorkflowMessage, namespace=namespace).results[0].id or 0
    for _ in range(6):
        client.upsert([note(namespace, 1, message_content={"text": "x" * 8000}) for _ in range(500)])
    with api.stream("GET", "/messages/stream/", headers={"Last-Event-ID": str(begin)}) as stream:
        pieces = stream.iter_bytes()
        # Nobody reads on: the server waits with what does not fit into the connection.
        assert b'"history":"complete"' in next(pieces)
        instance.manage("prune", "--older-than", "0s")
        heard = b"".join(pieces)
    assert heard.count(b"event: note") < 3000
    assert re.search(rb"event: closed\ndata: .*thrown away", heard)


@pytest.mark.parametrize("text", ["30", "d", "-1d", "1y", "9999999d", "999999w"])
def test_an_age_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="must be a whole number with s, m, h, d or w"):
        age(text)


@pytest.fixture
def left_open(client: MonitorClient, run_number: int) -> dict[str, str]:
    """Executions that began long ago: with a run, pending, ended, and one whose runner lives."""
    ids = {name: f"simple-{name}-{run_number}" for name in ("running", "pending", "completed", "alive")}
    runner = f"workflow_runner-agent-a-{run_number}"
    client.heartbeat(SystemAgent(instance_name=runner, operational_state=OperationalState.READY))
    client.upsert(
        [
            WorkflowExecution(
                execution_id=execution_id,
                start_time=LONG_AGO,
                status=ExecutionStatus(name if name != "alive" else "running"),
                metadata={"runner": runner if name == "alive" else "gone"},
            )
            for name, execution_id in ids.items()
        ]
    )
    client.upsert(
        [
            Run(run_number=run_number, execution=ids["running"], start_time=LONG_AGO),
            Run(run_number=run_number + 5000, execution=ids["alive"], start_time=LONG_AGO),
        ]
    )
    taking_data = {"phase": RunPhase.PHYSICS, "state": State.RUN, "substate": Substate.PHYSICS}
    client.upsert(
        [
            RunState.model_validate({"run_number": number, "state_changed_at": LONG_AGO, **taking_data})
            for number in (run_number, run_number + 5000)
        ]
    )
    return ids


def test_what_nobody_ended_is_ended_once(
    instance: Instance, client: MonitorClient, api: httpx.Client, left_open: dict[str, str], run_number: int
) -> None:
    last = LONG_AGO + timedelta(minutes=7)
    more: dict[str, Any] = {"run_id": run_number, "execution_id": left_open["running"], "sent_at": last}
    client.upsert([note("n1", 0, **more)])
    records = [*left_open.values()]

    def statuses() -> list[str]:
        return [client.get(WorkflowExecution, execution_id).status for execution_id in records]

    before = statuses()
    assert f"-{run_number}:" not in instance.manage("repair_stuck")
    told = instance.manage("repair_stuck", "--older-than", "0s", "--dry-run")
    assert f"would end run {run_number}: physics -> aborted" in told
    assert statuses() == before
    told = instance.manage("repair_stuck", "--older-than", "0s")
    reason = f"nobody ended it; nothing was heard of it after {iso(last)}"
    assert f"execution {left_open['running']}: running -> failed ({reason})" in told
    assert f"execution {left_open['pending']}: pending -> terminated" in told
    assert f"run {run_number}: physics -> aborted ({reason})" in told
    assert left_open["alive"] not in told
    assert f"run {run_number + 5000}" not in told
    assert statuses() == ["failed", "terminated", "completed", "running"]
    ended = client.get(WorkflowExecution, left_open["running"])
    assert (ended.end_time, ended.error_message) == (last, reason)
    state, run = client.get(RunState, run_number), client.get(Run, run_number)
    assert (state.phase, state.state, state.substate) == (RunPhase.ABORTED, State.BEAM, Substate.NOT_READY)
    assert (run.end_time, run.end_reason) == (last, reason)
    at = api.get("/state/at/", params={"run_number": run_number}).json()
    assert (at["state"], at["event_type"]) == ("beam", "end_run")
    assert "nothing is stuck" in instance.manage("repair_stuck", "--older-than", "0s")
    assert client.page(SystemStateEvent, run_number=run_number).total == 1
