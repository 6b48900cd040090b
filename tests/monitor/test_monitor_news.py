"""What comes over REST is told by the stream as the message that says it, once."""

from collections.abc import Iterator
from itertools import islice
from uuid import uuid4

import pytest
from monitor_instance import Instance

from swf_testbed.messages import QualityFlagged, Slice, SliceContent
from swf_testbed.model.clock import now
from swf_testbed.model.status import AgentStatus, OperationalState, Quality, SliceStatus
from swf_testbed.monitor_client import Event, EventStream, MonitorClient
from swf_testbed.records import (
    FastmonFile,
    QualityFlag,
    Run,
    RunResults,
    SliceDone,
    StfFile,
    SystemAgent,
    TfSlice,
)
from swf_testbed.records.results import slice_part

pytestmark = pytest.mark.both_databases


@pytest.fixture
def told(instance: Instance, namespace: str) -> Iterator[EventStream]:
    with instance.client() as own, own.events(0, namespace=namespace) as stream:
        yield stream


def a_sample(client: MonitorClient, namespace: str, run: int) -> str:
    client.upsert([Run(run_number=run, namespace=namespace, execution="simple-alice-0001")])
    client.upsert([StfFile(stf_filename=f"{run}.stf", run=run, egress_at=now())])
    client.upsert([FastmonFile(tf_filename=f"{run}.tf", stf_file=f"{run}.stf", file_url="file:///x.tf")])
    return f"{run}.tf"


def pieces(tf: str, count: int) -> list[TfSlice]:
    said = {
        "fastmon_file": tf,
        "tf_first": 10,
        "tf_last": 16,
        "tf_count": 7,
        "metadata": {"sender": "cutter"},
    }
    return [TfSlice.model_validate(said | {"slice_id": number}) for number in range(count)]


def test_slices_are_told_as_they_stand_in_the_queue(
    client: MonitorClient, told: EventStream, namespace: str, run_number: int
) -> None:
    tf = a_sample(client, namespace, run_number)
    client.upsert(pieces(tf, 3))
    client.upsert(pieces(tf, 4))
    heard = list(islice(told, 4))
    assert [event.data["content"]["slice_id"] for event in heard] == [0, 1, 2, 3]
    queued = Slice(
        namespace=namespace,
        sender="cutter",
        run_id=run_number,
        instance="cutter",
        content=SliceContent.model_validate(heard[0].data["content"]),
    )
    assert heard[0].event == "slice"
    assert heard[0].data["message_id"] == str(queued.message_id)
    assert (heard[0].data["sender"], heard[0].data["execution_id"]) == ("cutter", "simple-alice-0001")


def test_results_are_told_without_their_histograms(
    client: MonitorClient, told: EventStream, namespace: str, run_number: int
) -> None:
    tf = a_sample(client, namespace, run_number)
    client.upsert(pieces(tf, 2))
    done = [
        SliceDone(
            fastmon_file=tf,
            slice_id=number,
            status=status,
            processed_at=now(),
            assigned_worker="worker-1",
            result={"hostname": "host1", "error": error},
        )
        for number, status, error in ((0, SliceStatus.COMPLETED, None), (1, SliceStatus.FAILED, "bad data"))
    ]
    parts = (slice_part(tf, 0), slice_part(tf, 1))
    said = {"run_number": run_number, "expected_revision": 0}
    client.post_results(RunResults.model_validate(said | {"parts": parts, "slices": tuple(done)}))
    *_, first, second = islice(told, 4)
    assert (first.event, first.data["sender"], first.data["run_id"]) == (
        "slice_result",
        "worker-1",
        run_number,
    )
    content = first.data["content"]
    assert (content["state"], content["tf_count"], content["histograms"]) == ("done", 7, None)
    assert (second.data["content"]["state"], second.data["content"]["result"]["error"]) == (
        "failed",
        "bad data",
    )


def test_an_agent_is_told_of_when_its_state_changes(
    client: MonitorClient, told: EventStream, namespace: str
) -> None:
    agent = SystemAgent(
        instance_name=f"data-agent-{namespace}-1",
        agent_type="data",
        namespace=namespace,
        status=AgentStatus.OK,
        operational_state=OperationalState.READY,
    )
    for state in ("READY", "READY", "PROCESSING", "PROCESSING", "EXITED"):
        client.heartbeat(agent.model_copy(update={"operational_state": OperationalState(state)}))
    heard = list(islice(told, 3))
    assert [event.event for event in heard] == ["agent_state"] * 3
    states = [(event.data["previous_state"], event.data["operational_state"]) for event in heard]
    assert states == [(None, "READY"), ("READY", "PROCESSING"), ("PROCESSING", "EXITED")]
    assert heard[0].data["sender"] == agent.instance_name


def test_a_flag_that_is_said_by_rest_and_by_the_bus_is_told_once(
    client: MonitorClient, instance: Instance, told: EventStream, namespace: str, run_number: int
) -> None:
    client.upsert([Run(run_number=run_number, namespace=namespace)])
    flag = {"subsystem": "drich", "check": "dead", "since": now(), "quality": Quality.BAD, "reason": "dark"}
    client.upsert([QualityFlag.model_validate(flag | {"run_number": run_number})])
    message = QualityFlagged.model_validate(
        flag | {"namespace": namespace, "sender": "merger", "run_id": run_number, "histogram": "adc"}
    )
    with instance.bus() as bus:
        bus.publish(message)
        bus.publish(message.model_copy(update={"message_id": uuid4(), "reason": "last"}))
    heard: list[Event] = []
    while len(heard) < 2:
        # An alarm follows the first.
        heard += [event for event in islice(told, 1) if event.data["msg_type"] == "quality_flag"]
    assert [event.data["reason"] for event in heard] == ["dark", "last"]
    assert heard[0].data["message_id"] == str(message.message_id)
