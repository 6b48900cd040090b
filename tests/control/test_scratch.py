"""What a replay makes of names: the same each time, of its own everywhere, and files stay where they are."""

from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.control.scratch import Scratch
from swf_testbed.messages import StateChanged, StfReady, TfFileRegistered, WorkerHeartbeat
from swf_testbed.model.names import LAST_RUN_NUMBER, ExecutionId, derived_id

EXECUTION = "stf_datataking-alice-0042"
NOON = "2030-01-01T12:00:00+00:00"


def envelope(msg_type: str, run: int | None, **fields: Any) -> dict[str, Any]:
    return {
        "msg_type": msg_type,
        "message_id": str(uuid4()),
        "schema_version": 1,
        "namespace": "torre1",
        "sender": "me",
        "timestamp": NOON,
        "execution_id": EXECUTION,
        "run_id": run,
        **fields,
    }


def sample(run: int) -> dict[str, Any]:
    return envelope(
        "tf_file_registered",
        run,
        tf_file_id=str(uuid4()),
        tf_filename=f"swf.{run}.luminosity.000001_tf_001.tf",
        file_url=f"file:///samples/{run}/swf.{run}.luminosity.000001_tf_001.tf",
        stf_filename=f"swf.{run}.luminosity.000001.stf",
        tf_first=0,
        tf_last=4,
        tf_count=5,
        file_size_bytes=9,
        checksum="ad:00000001",
        status="registered",
        sampling={
            "policy": "blocks",
            "fraction": 0.05,
            "seed": 1,
            "accepted": 5,
            "evaluated": 100,
            "part": 0,
            "parts": [5],
        },
    )


@given(st.integers(0, 2**30 - 1), st.sampled_from(["a", "rehearsal", "x.y-z"]))
def test_names_follow_from_namespace_and_recorded_name_alone(run: int, namespace: str) -> None:
    scratch, again = Scratch(namespace, EXECUTION), Scratch(namespace, EXECUTION)
    number = scratch.run_number(run)
    assert 2**30 <= number <= LAST_RUN_NUMBER
    assert again.run_number(run) == number
    assert ExecutionId.parse(scratch.execution_id).workflow == "replay"
    document = sample(run)
    said = scratch.message(document)
    assert isinstance(said, TfFileRegistered)
    assert again.message(document) == said
    assert (said.namespace, said.execution_id, said.run_id) == (namespace, scratch.execution_id, number)
    assert said.stf_filename == f"swf.{number}.luminosity.000001.stf"
    assert said.tf_filename == f"swf.{number}.luminosity.000001_tf_001.tf"
    assert said.file_url == document["file_url"]
    assert str(said.tf_file_id) != document["tf_file_id"]
    assert said.message_id == derived_id("tf_file_registered", namespace, number, said.tf_filename)


def test_other_namespaces_have_other_names() -> None:
    here, there = Scratch("here", EXECUTION), Scratch("there", EXECUTION)
    assert here.execution_id != there.execution_id
    assert here.run_number(100_010) != there.run_number(100_010)


def test_what_is_known_by_its_own_id_gets_one_that_follows_from_it_and_workers_are_others() -> None:
    content = {
        "worker_id": "worker-1",
        "hostname": "h",
        "state": "busy",
        "slices_completed": 1,
        "current_slice": "swf.100010.000001_tf_001.tf#3",
    }
    document = envelope("worker_heartbeat", 100_010, content=content)
    scratch = Scratch("rehearsal", EXECUTION)
    said = scratch.message(document)
    assert isinstance(said, WorkerHeartbeat)
    assert said.message_id == derived_id("replay", "rehearsal", document["message_id"])
    assert said.content.worker_id == "rehearsal.worker-1"
    assert said.content.current_slice == f"swf.{scratch.run_number(100_010)}.000001_tf_001.tf#3"


def test_what_has_no_run_keeps_none_and_causes_are_the_replayed_ones() -> None:
    scratch = Scratch("rehearsal", EXECUTION)
    change = envelope(
        "state_changed", None, state="calib", substate="not_ready", simulation_tick=1.0, change=2
    )
    said = scratch.message(change)
    assert isinstance(said, StateChanged)
    assert said.run_id is None
    cause = sample(100_010)
    caused = {**sample(100_011), "causation_id": cause["message_id"]}
    first, second = scratch.message(cause), scratch.message(caused)
    assert first is not None
    assert second is not None
    assert second.causation_id == first.message_id


def test_an_alias_is_understood_and_an_unknown_type_is_left_out() -> None:
    scratch = Scratch("rehearsal", EXECUTION)
    assert scratch.message(envelope("of_another_age", 7, run_number="many")) is None
    assert scratch.message(envelope("slice", 7)) is None  # nobody works at what is only played
    stf = {
        name: value for name, value in sample(5).items() if name not in {"tf_file_id", "sampling", "status"}
    }
    old = {
        **stf,
        "msg_type": "data_ready",
        "filename": "swf.5.000001.stf",
        "sequence": 1,
        "size_bytes": 1,
        "start": NOON,
        "end": NOON,
        "state": "run",
        "substate": "physics",
        "simulation_tick": 0.0,
        "file_id": str(uuid4()),
    }
    assert isinstance(scratch.message(old), StfReady)
