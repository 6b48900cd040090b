"""A recorded execution is played again elsewhere: same order, same identities; what was recorded stays."""

import json
import signal
import subprocess
import sys
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from monitor_instance import Instance

from swf_testbed.bus import StompBus
from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.parameters import Parameters
from swf_testbed.control import replay
from swf_testbed.control.replay import Played, Replay
from swf_testbed.control.scratch import Scratch
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.plan import plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.messages import (
    Message,
    RunImminentWorker,
    StfGen,
    StfReady,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    WorkerRunContent,
)
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, NotFound, Refused
from swf_testbed.model.names import derived_id
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import ExecutionStatus, WorkerStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import (
    Run,
    RunState,
    SystemStateEvent,
    Worker,
    WorkflowDefinition,
    WorkflowExecution,
    WorkflowMessage,
)

NAMESPACE, SCRATCH = "torre1", "rehearsal"
PATIENCE_S = 60


class Shelf:
    """Files that are only told of."""

    def __init__(self) -> None:
        self.files = 0

    def write(self, stf: StfSlot) -> WrittenStf | None:
        self.files += 1
        return WrittenStf(str(stf.name), f"file:///buffer/{stf.name}", 1, "ad:00000001", 0, 10)

    def count(self) -> int:
        return self.files

    def lacks_room(self) -> str:
        return ""


def said_in_a_run(execution: str, run: int) -> list[Message]:
    """What the DAQ, the data agent and a worker say; with what is derived from what."""
    daq: list[Message] = []
    timing = DaqStateMachine(stf_count=3, no_beam_not_ready_delay=0.1, beam_not_ready_delay=1000)
    parameters = Parameters(daq_state_machine=timing)
    identity = RunIdentity(NAMESPACE, "workflow_runner-agent-alice-1", execution, run)
    simulator = DaqSimulator(identity, parameters, Shelf(), daq.append, DaqEnvironment(paced=False))
    simulator.run(simulator.walk(plan(parameters)))
    said: list[Message] = []
    yesterday = daq[0].timestamp - timedelta(days=1)
    envelope: dict[str, Any] = {"namespace": NAMESPACE, "execution_id": execution, "run_id": run}
    envelope["timestamp"] = yesterday
    for timeless in daq:
        message = timeless.model_copy(update={"timestamp": timeless.timestamp - timedelta(days=1)})
        said.append(message)
        if isinstance(message, StfGen):
            fields = message.model_dump(exclude={"msg_type", "message_id", "sender", "causation_id"})
            identity_of_file = derived_id("stf-file", NAMESPACE, message.filename)
            said.append(
                StfReady(
                    **fields,
                    sender="data-agent-alice-2",
                    causation_id=message.message_id,
                    file_id=identity_of_file,
                )
            )
        elif message.msg_type == "run_imminent":
            content = WorkerRunContent(
                run_id=run,
                execution_id=execution,
                target_worker_count=2,
                slice_processing_time=1,
                worker_rampup_time=1,
                worker_rampdown_time=1,
            )
            said.append(
                RunImminentWorker(
                    **envelope, sender="x", causation_id=message.message_id, content=content, created_at=now()
                )
            )
    beat = WorkerHeartbeatContent(
        worker_id=f"worker-{run}", hostname="h", state=WorkerStatus.BUSY, slices_completed=7
    )
    said.insert(-1, WorkerHeartbeat(**envelope, sender=f"worker-{run}", content=beat))
    return said


def stored(client: MonitorClient, count: int, **which: Any) -> list[WorkflowMessage]:
    """The messages, once there are so many: waits for the stream to tell of them."""
    with client.events(last_event_id=0, **which) as stream:
        for _, _ in zip(range(count), stream, strict=False):
            pass
    rows = list(client.list(WorkflowMessage, ordering="id", **which))
    assert len(rows) == count
    return rows


@pytest.fixture
def recorded(client: MonitorClient, bus: StompBus, run_number: int) -> WorkflowExecution:
    """An execution that has ended, with its messages stored."""
    execution = WorkflowExecution(
        execution_id=f"stf_datataking-alice-{run_number}",
        workflow_definition="stf_datataking/1.0",
        namespace=NAMESPACE,
        status=ExecutionStatus.RUNNING,
        start_time=now(),
    )
    client.ensure(WorkflowDefinition(workflow_name="stf_datataking", version="1.0", definition="x"))
    client.upsert([execution])
    said = said_in_a_run(execution.execution_id, run_number)
    for message in said:  # one after the other, as the topics are two
        bus.publish(message)
    stored(client, len(said), execution_id=execution.execution_id)
    ended = execution.model_copy(update={"status": ExecutionStatus.COMPLETED, "end_time": now()})
    client.upsert([ended])
    return client.get(WorkflowExecution, execution.execution_id)


def everything(client: MonitorClient, run: int, execution: str) -> dict[str, Any]:
    """All that is known of a run and its execution."""
    return {
        "run": client.get(Run, run),
        "state": client.get(RunState, run),
        "events": list(client.list(SystemStateEvent, run_number=run)),
        "worker": client.get(Worker, f"worker-{run}"),
        "execution": client.get(WorkflowExecution, execution),
        "messages": list(client.list(WorkflowMessage, execution_id=execution, ordering="id")),
    }


def play(client: MonitorClient, bus: StompBus, execution: str, **how: Any) -> tuple[Scratch, Played]:
    with Replay(client, bus, execution, namespace=SCRATCH, speed=0, **how) as one:
        steps = list(one)
    return one.scratch, steps[-1]


def test_a_replay_says_everything_again_and_touches_nothing_of_what_was_recorded(
    client: MonitorClient, bus: StompBus, recorded: WorkflowExecution, run_number: int
) -> None:
    before = everything(client, run_number, recorded.execution_id)
    scratch, played = play(client, bus, recorded.execution_id)
    assert (played.said, played.left_out) == (len(before["messages"]), 0)
    again = stored(client, played.said, execution_id=scratch.execution_id)
    assert everything(client, run_number, recorded.execution_id) == before

    new_run = scratch.run_number(run_number)
    # Two topics: between them order is nobody's promise, within each it is.
    for topic in {row.destination for row in again}:
        assert [row.message_type for row in again if row.destination == topic] == [
            row.message_type for row in before["messages"] if row.destination == topic
        ]
    assert {row.namespace for row in again} == {SCRATCH}
    assert not {row.message_id for row in again} & {row.message_id for row in before["messages"]}
    assert client.get(RunState, new_run).phase is RunPhase.COMPLETED
    run = client.get(Run, new_run)
    assert (run.namespace, run.execution, run.total_stf_files) == (SCRATCH, scratch.execution_id, 3)
    assert client.page(SystemStateEvent, run_number=new_run).total == len(before["events"])
    execution = client.get(WorkflowExecution, scratch.execution_id)
    assert (execution.status, execution.namespace) == (ExecutionStatus.COMPLETED, SCRATCH)
    assert execution.metadata["replay_of"] == recorded.execution_id


def test_identities_are_those_that_the_scratch_namespace_would_have_derived(
    client: MonitorClient, bus: StompBus, recorded: WorkflowExecution, run_number: int
) -> None:
    scratch, played = play(client, bus, recorded.execution_id)
    rows = stored(client, played.said, execution_id=scratch.execution_id)
    files = [row.message_content for row in rows if row.message_type == "stf_gen"]
    run = scratch.run_number(run_number)
    assert [one["filename"] for one in files] == [f"swf.{run}.{number:06d}.stf" for number in (1, 2, 3)]
    assert [one["file_url"] for one in files] == [
        f"file:///buffer/swf.{run_number}.{number:06d}.stf" for number in (1, 2, 3)
    ]
    for one in files:
        assert UUID(str(one["message_id"])) == derived_id("stf_gen", SCRATCH, run, one["filename"])
    causes = [row.message_content["causation_id"] for row in rows if row.message_type == "stf_ready"]
    assert causes == [one["message_id"] for one in files]


@pytest.mark.both_databases
def test_playing_twice_stores_once(client: MonitorClient, bus: StompBus, recorded: WorkflowExecution) -> None:
    scratch, played = play(client, bus, recorded.execution_id)
    first = stored(client, played.said, execution_id=scratch.execution_id)
    other, again = play(client, bus, recorded.execution_id)
    assert (other.execution_id, other.runs, again) == (scratch.execution_id, scratch.runs, played)
    mark = WorkerHeartbeat(
        namespace="mark",
        sender="mark",
        content=WorkerHeartbeatContent(
            worker_id=f"mark-{now()}", hostname="h", state=WorkerStatus.IDLE, slices_completed=0
        ),
    )
    stf = StfGen.model_validate({**first[-1].message_content, **_a_file(f"mark{now():%H%M%S%f}")})
    for message in (mark, stf):  # behind everything that was said, on both topics
        bus.publish(message)
    stored(client, 2, namespace="mark")
    rows = list(client.list(WorkflowMessage, execution_id=scratch.execution_id, ordering="id"))
    assert [row.message_id for row in rows] == [row.message_id for row in first]
    elsewhere = Scratch("elsewhere", recorded.execution_id)
    assert elsewhere.execution_id != scratch.execution_id


def _a_file(name: str) -> dict[str, Any]:
    return {
        "msg_type": "stf_gen",
        "message_id": str(derived_id(name)),
        "namespace": "mark",
        "execution_id": None,
        "run_id": 1,
        "filename": f"{name}.stf",
        "sequence": 1,
        "file_url": "file:///x",
        "size_bytes": 1,
        "checksum": "ad:00000001",
        "tf_first": 0,
        "tf_count": 1,
        "start": now().isoformat(),
        "end": now().isoformat(),
        "state": "run",
        "substate": "physics",
        "simulation_tick": 0.0,
    }


def test_pauses_are_those_of_the_recording_divided_by_the_speed(
    client: MonitorClient, bus: StompBus, recorded: WorkflowExecution, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(client.list(WorkflowMessage, execution_id=recorded.execution_id, ordering="id"))
    apart = [timedelta(seconds=3) * number for number in range(len(rows))]
    begin = now() - timedelta(days=1)
    moments = {row.message_id: begin + later for row, later in zip(rows, apart, strict=True)}
    monkeypatch.setattr(replay, "_moment", lambda row: moments[row.message_id])
    clock = [0.0]
    monkeypatch.setattr("swf_testbed.control.replay.time.monotonic", lambda: clock[0])
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("swf_testbed.control.replay.time.sleep", sleep)
    with Replay(client, bus, recorded.execution_id, namespace=SCRATCH, speed=6) as one:
        steps = [step.said for step in one]
    assert pauses == pytest.approx([0.5] * (len(rows) - 1))
    assert steps == list(range(1, len(rows) + 1))


def test_ctrl_c_ends_the_replayed_run_and_execution(
    client: MonitorClient, instance: Instance, recorded: WorkflowExecution, run_number: int
) -> None:
    """There are 1000 s between the announcement of the run and its beginning."""
    words = ["replay", recorded.execution_id, "--namespace", "broken_off", "--json"]
    command = [sys.executable, "-m", "swf_testbed.cli.main", *words]
    scratch = Scratch("broken_off", recorded.execution_id)
    with subprocess.Popen(
        command, env=instance.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wanted = ["run_imminent"]
            with client.events(last_event_id=0, namespace="broken_off", msg_types=wanted) as stream:
                for event in stream:
                    if event.data["execution_id"] == scratch.execution_id:
                        break
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert "ending the replayed run" in err
    assert "Traceback" not in err
    said = json.loads(out)
    assert 0 < said["messages"] < said["total"]
    with client.events(last_event_id=0, namespace="broken_off", msg_types=["end_run"]) as stream:
        for event in stream:
            if event.data["execution_id"] == scratch.execution_id:
                assert event.data["reason"] == "the replay ended before the run"
                break
    assert client.get(RunState, scratch.run_number(run_number)).phase is RunPhase.ABORTED
    assert client.get(WorkflowExecution, scratch.execution_id).status is ExecutionStatus.TERMINATED
    assert client.get(RunState, run_number).phase is RunPhase.COMPLETED


def test_what_cannot_be_replayed_is_refused(
    client: MonitorClient, bus: StompBus, recorded: WorkflowExecution, run_number: int
) -> None:
    with pytest.raises(NotFound):
        Replay(client, bus, "nothing-alice-0001")
    with pytest.raises(Refused, match="choose another --namespace"):
        Replay(client, bus, recorded.execution_id, namespace=NAMESPACE)
    for speed in (-1.0, float("inf"), float("nan")):
        with pytest.raises(BadInput, match="--speed"):
            Replay(client, bus, recorded.execution_id, speed=speed)
    with pytest.raises(BadInput, match="namespace"):
        Replay(client, bus, recorded.execution_id, namespace="not a namespace")
    running = WorkflowExecution(
        execution_id=f"stf_datataking-bob-{run_number}", namespace=NAMESPACE, status=ExecutionStatus.RUNNING
    )
    client.upsert([running])
    with pytest.raises(Refused, match="is running: replay it when it has ended"):
        Replay(client, bus, running.execution_id)
    client.upsert([running.model_copy(update={"status": ExecutionStatus.FAILED})])
    with pytest.raises(NotFound, match=r"no messages of .* are kept"):
        Replay(client, bus, running.execution_id)
