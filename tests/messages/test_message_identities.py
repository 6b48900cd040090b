"""What makes two messages the same, where they go, and what a phase they bring a run into."""

from typing import Any
from uuid import UUID

import pytest

from swf_testbed.messages import REGISTRY, Message, Ping, Reply, StopTestbed
from swf_testbed.messages.lifecycle import EndRun, Lifecycle
from swf_testbed.model.errors import Refused
from swf_testbed.model.states import RunPhase

NOON = "2030-01-01T12:00:00Z"
CAUSE = "12345678-1234-4234-8234-123456789abc"
STF = {
    "filename": "swf.100010.000001.stf",
    "sequence": 1,
    "file_url": "file:///a/swf.100010.000001.stf",
    "size_bytes": 10,
    "checksum": "ad:00000001",
    "tf_first": 0,
    "tf_count": 3,
    "start": NOON,
    "end": NOON,
    "state": "run",
    "substate": "physics",
}
BUFFER = {"level": "low", "files": 1, "used_bytes": 9, "capacity_bytes": 99, "waiting_bytes": 0}
TASK = {"request_id": 1}
SLICE = {
    "run_id": 100_010,
    "req_id": "r",
    "filename": "a.stf",
    "tf_filename": "a_tf_001.tf",
    "file_url": "file:///a",
    "slice_id": 3,
    "start": 0,
    "end": 4,
    "tf_count": 5,
}
RESULT = {
    "slice_id": 3,
    "tf_filename": "a_tf_001.tf",
    "filename": "a.stf",
    "requested_at": NOON,
    "processing_start_at": NOON,
    "processed_at": NOON,
    "state": "done",
    "hostname": "h",
    "worker_id": "w",
    "result": {"state": "done"},
}
SAMPLE = {
    "tf_file_id": CAUSE,
    "tf_filename": "a_tf_001.tf",
    "file_url": "file:///a",
    "stf_filename": "a.stf",
    "tf_first": 0,
    "tf_last": 4,
    "tf_count": 5,
    "file_size_bytes": 9,
    "checksum": "ad:00000001",
    "status": "registered",
    "sampling": {
        "policy": "blocks",
        "fraction": 0.05,
        "seed": 1,
        "accepted": 5,
        "evaluated": 100,
        "part": 0,
        "parts": [5],
    },
}
POOL = {
    "run_id": 100_010,
    "target_worker_count": 1,
    "slice_processing_time": 1,
    "worker_rampup_time": 1,
    "worker_rampdown_time": 1,
}
# Type, what it says, and the identity that it must have for ever: stored messages are known by it.
DERIVED: list[tuple[str, dict[str, Any], str]] = [
    ("run_imminent", {"dataset": "d"}, "af0f1d99-5419-5dfc-8e62-a70d59a65147"),
    ("start_run", {}, "4def200a-c230-56f4-8232-b5ee1f8f2b9e"),
    ("pause_run", {}, "e7b681ba-225a-590e-81fd-596d4028ff81"),
    ("resume_run", {}, "95aea0b0-edc2-55d7-a2e8-78419d0f4c1b"),
    (
        "end_run",
        {"state": "beam", "substate": "not_ready", "total_stf_files": 5},
        "f6629d1c-7104-59f5-972f-2baaffb28853",
    ),
    (
        "state_changed",
        {"state": "beam", "substate": "ready", "execution_id": "mine-alice-0001", "change": 3},
        "4f1b0e5e-7ae4-574b-8ba3-e12b737ce4ff",
    ),
    ("stf_gen", STF, "1987fd07-07c4-57ab-a801-12f821171d24"),
    (
        "stf_archived",
        {"filename": "a.stf", "size_bytes": 9, "checksum": "ad:00000001"},
        "4a07b618-1e5c-5d71-bfc2-6c6adfbec086",
    ),
    (
        "dataset_closed",
        {"dataset": "swf.1.run", "scope": "s", "files": 1, "size_bytes": 9},
        "fd48795c-c157-5737-9ca0-8b983374e900",
    ),
    ("stf_ready", {**STF, "file_id": CAUSE}, "6013a57c-a96d-58b4-b875-e111ed038b84"),
    ("tf_file_registered", SAMPLE, "1470c5c5-93ca-5e9f-a083-f66ec2891dda"),
    (
        "processing_complete",
        {"filename": "a.stf", "status": "done", "panda_task_id": 7},
        "0011ce78-2d05-5250-ae40-bf04ebe2bbf7",
    ),
    (
        "histograms_updated",
        {"revision": 4, "slices": 1, "tfs": 5, "latency_s": None},
        "7e7fbc24-2184-55a2-af82-d21933bb01a4",
    ),
    (
        "quality_flag",
        {
            "subsystem": "drich",
            "histogram": "adc",
            "check": "rate",
            "quality": "bad",
            "reason": "",
            "since": NOON,
        },
        "4af890ab-d3e5-59a9-89fd-32162e7d0680",
    ),
    ("run_imminent_worker", {"content": POOL}, "dbb68585-4164-5cc5-8b4f-b84d97251e91"),
    ("slice", {"instance": "i", "content": SLICE}, "7464bb80-0bbb-5209-bbe9-47bfed55f52b"),
    ("slice_result", {"instance": "i", "content": RESULT}, "4797e96a-3953-5f9a-a853-b1481722806f"),
    (
        "stf_volume",
        {"content": {"filename": "a.stf", "tf_count": 1, "histograms": {}}},
        "6db2e4af-987f-5ac4-b820-9ff3fee80b64",
    ),
    ("stop_transformer", {"content": {"run_id": 100_010}}, "a0da2930-9265-5773-aade-7b9d02406cf7"),
    ("create_workflow_task", {"content": TASK}, "fa7ee6d9-1c70-5050-a4ce-87fef8066a94"),
    ("close_workflow_task", {"content": TASK}, "6b2243f4-64b9-5d20-b522-0f902866f47d"),
    (
        "created_workflow_task",
        {"content": TASK, "causation_id": CAUSE},
        "4693a000-a562-52a7-8d59-10e4bebcdc58",
    ),
    ("adjusted_worker", {"content": TASK, "causation_id": CAUSE}, "47523ec8-c9a3-5ec5-b396-c63228cb84a2"),
    (
        "closed_workflow_task",
        {"content": TASK, "causation_id": CAUSE},
        "5dc28641-eaf3-59d8-bb73-78910c0a0495",
    ),
]
OWN = [
    ("exit_buffer_status", BUFFER),
    ("fastmon_status", {"status": "ok", "message": ""}),
    ("agent_state", {"agent_type": "data"}),
    ("alarm", {"severity": "info", "subject": "a", "text": "b", "state": "raised"}),
    ("adjust_worker", {"content": TASK}),
    ("run_workflow", {"workflow_name": "x"}),
    ("stop_workflow", {"execution_id": "x-y-0001"}),
    ("status_request", {}),
    ("announcement", {"text": "hello"}),
    ("sse_test", {"sequence": 1, "total": 2}),
    ("start_testbed", {"username": "alice"}),
    ("stop_testbed", {"username": "alice"}),
    ("restart", {"username": "alice"}),
    ("status", {"username": "alice"}),
    ("kill_agent", {"username": "alice", "agent": "worker_00", "started_at": "2026-01-01T00:00:00Z"}),
    ("set_sampling", {"run_id": 7, "sampling": {"selection_fraction": 0.1}}),
    ("ping", {}),
    ("reply", {"correlation_id": CAUSE, "ok": True}),
    (
        "worker_heartbeat",
        {"content": {"worker_id": "w", "hostname": "h", "state": "idle", "slices_completed": 0}},
    ),
    ("drain_worker", {"content": {"worker_id": "w"}}),
]


def said(name: str, fields: dict[str, Any], **more: Any) -> Message:
    envelope = {"namespace": "test", "sender": "me", "run_id": 100_010}
    tick = {"simulation_tick": 1.5} if "simulation_tick" in REGISTRY[name].model_fields else {}
    return REGISTRY[name].model_validate({**envelope, **tick, **fields, **more})


@pytest.mark.parametrize(("name", "fields", "identity"), DERIVED, ids=[entry[0] for entry in DERIVED])
def test_what_is_said_again_has_the_same_identity(name: str, fields: dict[str, Any], identity: str) -> None:
    message = said(name, fields)
    assert str(message.message_id) == identity
    execution = fields.get("execution_id", "x")
    later = said(name, fields, sender="another", timestamp=NOON, execution_id=execution)
    assert later.message_id == message.message_id
    assert said(name, fields, namespace="other").message_id != message.message_id
    assert said(name, fields, message_id=CAUSE).message_id == UUID(CAUSE)


@pytest.mark.parametrize(("name", "fields"), OWN, ids=[entry[0] for entry in OWN])
def test_what_is_a_new_word_each_time_has_its_own_identity(name: str, fields: dict[str, Any]) -> None:
    assert said(name, fields).message_id != said(name, fields).message_id


def test_every_type_is_tried_here() -> None:
    assert {entry[0] for entry in DERIVED} | {entry[0] for entry in OWN} == set(REGISTRY)


def test_other_content_has_another_identity() -> None:
    assert said("slice", {"instance": "i", "content": SLICE}).message_id != (
        said("slice", {"instance": "i", "content": {**SLICE, "attempt": 2}}).message_id
    )
    assert said("stf_gen", STF).message_id != said("stf_ready", {**STF, "file_id": CAUSE}).message_id
    assert len({said("pause_run", {}, simulation_tick=tick).message_id for tick in (1.5, 2.5)}) == 2


def test_messages_know_where_they_go() -> None:
    assert said("stf_gen", STF).destination == "/topic/epictopic"
    assert (
        said("slice", {"instance": "i", "content": SLICE}).destination
        == "/queue/panda.slices.transformer.test"
    )
    assert said("slice_result", {"instance": "i", "content": RESULT}).destination == (
        "/queue/panda.results.fastprocessing.test"
    )
    assert said("create_workflow_task", {"content": TASK}).destination == "/topic/panda.workers"
    assert said("stop_transformer", {"content": {"run_id": 1}}).destination == "/topic/panda.transformer"
    assert said("status_request", {}).destination == "/queue/workflow_control.test"
    assert (
        StopTestbed(namespace="n", sender="s", username="j-doe").destination == "/queue/testbed.j_doe.control"
    )
    assert Ping(namespace="n", sender="s").destination == "/queue/workflow_control.n"
    assert Ping(namespace="n", sender="s", username="alice").destination == "/queue/testbed.alice.control"
    reply = Reply(namespace="n", sender="s", correlation_id=UUID(CAUSE), ok=True)
    with pytest.raises(Refused, match="send it to the command's reply_to"):
        _ = reply.destination


def test_a_run_is_brought_into_its_phases() -> None:
    phases = {}
    for name, fields, _ in DERIVED[:5]:
        message = said(name, fields)
        assert isinstance(message, Lifecycle)
        phases[name] = message.phase
    assert phases == {
        "run_imminent": RunPhase.IMMINENT,
        "start_run": RunPhase.PHYSICS,
        "pause_run": RunPhase.STANDBY,
        "resume_run": RunPhase.PHYSICS,
        "end_run": RunPhase.COMPLETED,
    }
    stopped = said("end_run", DERIVED[4][1], reason="stopped by alice")
    assert isinstance(stopped, EndRun)
    assert stopped.phase is RunPhase.ABORTED


@pytest.mark.parametrize("fields", [{}, {"filename": "a.stf", "dataset": "d"}])
def test_processing_is_complete_of_a_file_or_of_a_dataset(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must name either a filename or a dataset"):
        said("processing_complete", {**fields, "status": "done"})
