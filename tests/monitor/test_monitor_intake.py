"""From the bus to the database: stored once, with effects once, whatever else is said."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from monitor_instance import Instance, new_instance

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import StompBus
from swf_testbed.messages import (
    EndRun,
    FastmonStatus,
    Message,
    PauseRun,
    ResumeRun,
    RunImminent,
    RunImminentWorker,
    StartRun,
    StateChanged,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    WorkerRunContent,
)
from swf_testbed.model import destinations
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase, State, Substate
from swf_testbed.model.status import SliceStatus, WorkerStatus
from swf_testbed.monitor_client import Event, MonitorClient
from swf_testbed.records import (
    FastmonFile,
    Run,
    RunState,
    StfFile,
    SystemStateEvent,
    TfSlice,
    Worker,
    WorkflowMessage,
)

pytestmark = pytest.mark.both_databases

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def settled(client: MonitorClient, bus: StompBus, instance: Instance) -> Callable[[], list[Event]]:
    """Waits until all that was said is stored; the events since the last time."""
    namespace = f"wait-{uuid4().hex[:8]}"
    start = client.page(WorkflowMessage, limit=1).results
    position = [start[0].id if start else 0]

    def wait() -> list[Event]:
        marks = set()
        for topic in (destinations.EVENTS, destinations.WORKERS):
            mark = FastmonStatus(namespace=namespace, sender="test", status="ok", message=topic)
            body = mark.model_dump_json().encode()
            bus.publish_body(topic, body, {"persistent": "true", "msg_type": mark.msg_type})
            marks.add(str(mark.message_id))
        heard = []
        with instance.client() as one, one.events(last_event_id=position[0]) as stream:
            for event in stream:
                heard.append(event)
                marks.discard(event.data["message_id"])
                if not marks:
                    break
        position[0] = heard[-1].id
        return heard

    return wait


def life(run: int) -> list[Message]:
    """The messages of one run, as the DAQ says them."""
    at = [BEGIN + timedelta(seconds=number) for number in range(5)]
    said: dict[str, Any] = {"namespace": "torre1", "sender": "daq-agent-a-1", "run_id": run}
    said["execution_id"] = "simple-alice-0001"
    return [
        RunImminent(
            **said, timestamp=at[0], simulation_tick=0, dataset="swf.x.run", run_conditions={"beam": "18x275"}
        ),
        StartRun(**said, timestamp=at[1], simulation_tick=1),
        PauseRun(**said, timestamp=at[2], simulation_tick=2),
        ResumeRun(**said, timestamp=at[3], simulation_tick=3),
        EndRun(
            **said,
            timestamp=at[4],
            simulation_tick=4,
            state=State.BEAM,
            substate=Substate.NOT_READY,
            total_stf_files=5,
        ),
    ]


def test_the_life_of_a_run_is_mirrored(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    said = life(run_number)
    bus.publish_many(said)
    bus.publish_many(said)
    heard = [event for event in settled() if event.data.get("run_id") == run_number]
    assert [event.event for event in heard] == [message.msg_type for message in said]
    run = client.get(Run, run_number)
    assert (run.namespace, run.execution, run.dataset) == ("torre1", "simple-alice-0001", "swf.x.run")
    assert run.run_conditions == {"beam": "18x275"}
    assert (run.start_time, run.end_time) == (BEGIN + timedelta(seconds=1), BEGIN + timedelta(seconds=4))
    assert (run.total_stf_files, run.end_reason) == (5, "completed")
    state = client.get(RunState, run_number)
    assert (state.phase, state.state, state.substate) == (
        RunPhase.COMPLETED,
        State.BEAM,
        Substate.NOT_READY,
    )
    events = list(client.list(SystemStateEvent, run_number=run_number, ordering="timestamp"))
    assert [event.event_type for event in events] == [message.msg_type for message in said]


def test_a_late_message_never_reopens_a_run(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    imminent, start, pause, resume, end = life(run_number)
    for message in (end, pause, start, resume, imminent):
        bus.publish(message)
        settled()
    state = client.get(RunState, run_number)
    assert (state.phase, state.state) == (RunPhase.COMPLETED, State.BEAM)
    assert client.page(SystemStateEvent, run_number=run_number).total == 5


def test_what_was_the_state_at_a_time(
    client: MonitorClient,
    instance: Instance,
    bus: StompBus,
    settled: Callable[[], list[Event]],
    run_number: int,
) -> None:
    bus.publish_many(life(run_number))
    settled()
    with instance.raw() as api:

        def at(seconds: float) -> Any:
            moment = (BEGIN + timedelta(seconds=seconds)).isoformat()
            return api.get("/state/at/", params={"time": moment, "run_number": run_number})

        assert (at(2.5).json()["state"], at(2.5).json()["substate"]) == ("run", "standby")
        assert at(3).json()["event_type"] == "resume_run"
        assert at(99).json()["state"] == "beam"
        assert at(-1).status_code == 404
        assert api.get("/state/at/", params={"time": "now"}).json()["field"] == "time"


def test_a_namespace_has_no_say_in_the_runs_of_another(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    bus.publish_many(life(run_number)[:2])
    settled()
    before = client.get(Run, run_number), client.get(RunState, run_number)
    foreign: list[Message] = [
        message.model_copy(update={"namespace": "torre2", "message_id": uuid4()})
        for message in life(run_number)
    ]
    content = WorkerRunContent(
        run_id=run_number,
        target_worker_count=99,
        slice_processing_time=1,
        worker_rampup_time=1,
        worker_rampdown_time=1,
    )
    foreign.append(RunImminentWorker(namespace="torre2", sender="x", content=content))
    for message in foreign:
        bus.publish(message)
    heard = [event for event in settled() if event.data.get("namespace") == "torre2"]
    assert len(heard) == len(foreign)  # stored they are
    assert (client.get(Run, run_number), client.get(RunState, run_number)) == before
    assert client.page(SystemStateEvent, run_number=run_number).total == 2


def test_changes_of_state_that_no_run_tells_are_part_of_the_history(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    def change(number: int, state: State, substate: Substate, run: int | None) -> StateChanged:
        return StateChanged(
            namespace="torre1",
            sender="daq-agent-a-1",
            execution_id=f"simple-alice-{run_number}",
            run_id=run,
            timestamp=BEGIN + timedelta(seconds=5 * number - 4.5),
            simulation_tick=number,
            state=state,
            substate=substate,
            change=number,
        )

    ready = change(1, State.BEAM, Substate.READY, run_number)
    bus.publish_many([*life(run_number), ready, ready, change(2, State.NO_BEAM, Substate.NOT_READY, None)])
    settled()
    history = list(client.list(SystemStateEvent, run_number=run_number, ordering="timestamp"))
    assert [event.event_type for event in history][:3] == ["run_imminent", "state_changed", "start_run"]
    assert client.state_at(BEGIN + timedelta(seconds=0.7), run_number).substate == Substate.READY
    assert client.get(RunState, run_number).phase is RunPhase.COMPLETED
    outside = [one for one in client.list(SystemStateEvent, state="no_beam") if one.run_number is None]
    assert f"simple-alice-{run_number}" in {one.event_data["execution_id"] for one in outside}


def beat(run: int, worker: str, state: WorkerStatus, **content: Any) -> WorkerHeartbeat:
    said = WorkerHeartbeatContent(
        worker_id=worker, hostname="host1", state=state, slices_completed=3, **content
    )
    return WorkerHeartbeat(namespace="torre1", sender=worker, run_id=run, content=said)


def test_heartbeats_keep_workers_and_their_slices_up_to_date(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    stf, tf, worker = f"{run_number}.stf", f"{run_number}.tf", f"worker-{run_number}"
    client.upsert([StfFile(stf_filename=stf, run=run_number)])
    client.upsert([FastmonFile(tf_filename=tf, stf_file=stf)])
    client.upsert([TfSlice(fastmon_file=tf, slice_id=number) for number in range(2)])
    client.upsert([TfSlice(fastmon_file=tf, slice_id=1, status=SliceStatus.COMPLETED)])
    bus.publish(
        RunImminentWorker(
            namespace="torre1",
            sender="x",
            content=WorkerRunContent(
                run_id=run_number,
                target_worker_count=4,
                slice_processing_time=1,
                worker_rampup_time=1,
                worker_rampdown_time=1,
            ),
        )
    )
    for number in range(2):
        for _ in range(3):
            bus.publish(beat(run_number, worker, WorkerStatus.BUSY, tf_filename=tf, slice_id=number))
    bus.publish(beat(run_number, worker, WorkerStatus.IDLE))
    kept = [event for event in settled() if event.data.get("sender") == worker]
    assert [event.data["content"]["state"] for event in kept] == ["busy", "idle"]
    found = client.get(Worker, worker)
    assert (found.status, found.location, found.slices_completed) == (WorkerStatus.IDLE, "host1", 3)
    assert (found.run_number, found.tf_filename) == (run_number, None)
    waiting, done = client.get(TfSlice, tf, 0), client.get(TfSlice, tf, 1)
    assert (waiting.status, waiting.assigned_worker) == (SliceStatus.PROCESSING, worker)
    assert (done.status, done.assigned_worker) == (SliceStatus.COMPLETED, None)
    state = client.get(RunState, run_number)
    assert (state.target_worker_count, state.active_worker_count) == (4, 1)


def hostile(run: int) -> list[bytes]:
    good = json.loads(StartRun(namespace="n", sender="s", run_id=run, simulation_tick=1).model_dump_json())

    def with_value(**changes: Any) -> bytes:
        return json.dumps({**good, **changes}).encode()

    unknown = {**good, "msg_type": "of_tomorrow", "message_id": str(uuid4())}
    return [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        json.dumps({**unknown, "deep": json.loads("[" * 500 + "]" * 500)}).encode(),
        json.dumps({**unknown, "text": "a\0b"}).encode(),
        json.dumps({**unknown, "text": "\ud800"}).encode(),
        json.dumps(unknown).encode()[:-1] + b', "x": 1e999}',
        json.dumps(unknown).encode()[:-1] + b', "x": NaN}',
        json.dumps(unknown).encode()[:-1] + b', "x": ' + b"9" * 5000 + b"}",
        json.dumps({**unknown, "text": "x" * 9_000_000}).encode(),
        json.dumps({**unknown, "msg_type": "x" * 5000}).encode(),
        json.dumps({**unknown, "namespace": None}).encode(),
        with_value(run_id=10**30),
        with_value(run_id="NaN"),
        with_value(timestamp="0001-01-01T00:00:00+14:00"),
        with_value(timestamp="never"),
        with_value(message_id="x"),
        with_value(sender="a\0b"),
        with_value(simulation_tick=-1),
        with_value(state=["run"]),
    ]


def test_hostile_messages_are_left_and_the_rest_is_stored(
    client: MonitorClient, bus: StompBus, settled: Callable[[], list[Event]], run_number: int
) -> None:
    before, after = life(run_number)[:2]
    bus.publish(before)
    for topic in (destinations.EVENTS, destinations.WORKERS):
        for body in hostile(run_number):
            bus.publish_body(topic, body, {"persistent": "true"}, wait=False)
    bus.publish(after)
    unknown = {
        "msg_type": "of_tomorrow",
        "message_id": str(uuid4()),
        "namespace": "torre1",
        "sender": "someone",
        "news": {"a": [1]},
    }
    bus.publish_body(destinations.EVENTS, json.dumps(unknown).encode(), {"persistent": "true"})
    settled()
    assert client.get(RunState, run_number).phase is RunPhase.PHYSICS
    stored = client.get(WorkflowMessage, unknown["message_id"])
    assert (stored.message_type, stored.message_content["news"]) == ("of_tomorrow", {"a": [1]})


def test_what_is_said_while_the_intake_is_away_is_stored_when_it_returns(
    tmp_path: Path,
) -> None:
    with RunningBroker(tmp_path / "broker") as own:
        _be_away(new_instance(tmp_path, own.port))


def _be_away(one: Instance) -> None:
    with one.serving(), one.bus() as bus, one.client() as client:
        with one.taking_in() as first:
            bus.publish(life(100_010)[0])
            with client.events(last_event_id=0) as stream:
                next(iter(stream))
            first.kill()
        bus.publish_many(life(100_010))
        with pytest.raises(NotFound):
            client.get(SystemStateEvent, str(uuid4()), "start_run")
        with one.taking_in(), client.events(last_event_id=0) as stream:
            heard = [event.event for _, event in zip(range(5), stream, strict=False)]
    assert heard == [message.msg_type for message in life(100_010)]
