"""The client: patience while the monitor is away, errors with the server's text, a stream that resumes."""

import threading
import time
from collections.abc import Callable

import pytest
from monitor_instance import Instance
from stored_notes import note

from swf_test_servers import free_port
from swf_testbed.model.errors import BadInput, NotFound, Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowMessage


def test_patience_ends() -> None:
    begin = time.monotonic()
    with (
        MonitorClient(f"http://127.0.0.1:{free_port()}", patience_s=0.5) as client,
        pytest.raises(Unavailable, match=r"the monitor at http://127.0.0.1:\d+ did not answer: ConnectError"),
    ):
        client.health()
    assert time.monotonic() - begin < 5


def test_a_proxy_is_not_asked_on_loopback(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with instance.client() as client:
        client.health()


def test_errors_carry_what_the_server_says(client: MonitorClient) -> None:
    with pytest.raises(BadInput) as refused:
        client.page(Run, colour="red")
    assert refused.value.field == "colour"
    assert "run_number" in refused.value.allowed
    with pytest.raises(NotFound, match="runs 2147483646 does not exist"):
        client.get(Run, 2**31 - 2)


@pytest.mark.both_databases
def test_server_fields_of_a_record_that_was_read_are_not_sent_back(
    client: MonitorClient, run_number: int
) -> None:
    client.upsert([Run(run_number=run_number)])
    found = client.get(Run, run_number)
    client.upsert([found.model_copy(update={"dataset": "x"})])
    assert client.get(Run, run_number).dataset == "x"


@pytest.mark.both_databases
def test_more_than_a_thousand_go_in_several_requests(client: MonitorClient) -> None:
    runs = [Run(run_number=300_000 + number, dataset="many") for number in range(1500)]
    assert len(client.upsert(runs)) == 1500
    assert [run.run_number for run in client.list(Run, start_time=None)][-1] >= 301_499


def test_requests_and_streams_outlive_a_restart_of_the_server(make_instance: Callable[..., Instance]) -> None:
    one = make_instance()
    heard: list[int] = []
    both = threading.Event()

    def listen() -> None:
        with one.client() as own, own.events(0, namespace="n1") as stream:
            for event in stream:
                heard.append(event.data["number"])
                if len(heard) == 2:
                    both.set()
                if len(heard) == 4:
                    return

    with one.serving(), one.client(patience_s=60) as client:
        client.upsert([note("n1", 0), note("n1", 1)])
        listener = threading.Thread(target=listen)
        listener.start()
        assert both.wait(30)
    with one.client(patience_s=60) as client:
        asked = threading.Thread(target=client.upsert, args=([note("n1", 2), note("n1", 3)],))
        asked.start()
        with one.serving():
            asked.join(60)
            listener.join(60)
            assert client.page(WorkflowMessage, namespace="n1").total == 4
    assert heard == [0, 1, 2, 3]
