"""The event stream: replay and live without gap or copy, filters, slow clients."""

import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx
import pytest
from monitor_instance import Instance
from stored_notes import note

from swf_testbed.model.errors import BadInput
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowMessage

pytestmark = pytest.mark.both_databases


def test_replay_and_live_have_no_gap_and_no_copy(
    client: MonitorClient, instance: Instance, namespace: str
) -> None:
    """Twelve clients come one after the other, while 500 messages are stored in small pieces."""
    client.upsert([note(namespace, 0)])
    begin = client.page(WorkflowMessage, namespace=namespace).results[0].id
    assert begin is not None
    heard: dict[int, list[int]] = {}

    def listen(index: int) -> None:
        with instance.client() as own, own.events(begin - 1, namespace=namespace) as stream:
            heard[index] = [event.data["number"] for event in islice(stream, 501)]

    listeners = [threading.Thread(target=listen, args=(index,)) for index in range(12)]
    waiting = iter(listeners)
    for start in range(1, 501, 5):
        if start % 40 == 1 and (listener := next(waiting, None)):
            listener.start()
        client.upsert([note(namespace, number) for number in range(start, start + 5)])
    for listener in listeners:
        listener.join(30)
    assert len(heard) == 12
    assert all(numbers == list(range(501)) for numbers in heard.values())


def test_a_stream_begins_with_connected_and_numbers_its_events(
    client: MonitorClient, api: httpx.Client, namespace: str
) -> None:
    with api.stream("GET", "/messages/stream/", params={"namespace": namespace}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        pieces = stream.iter_bytes()
        first = next(pieces)
        assert b"event: connected\n" in first
        client.upsert([note(namespace, 1)])
        number = client.page(WorkflowMessage, namespace=namespace).results[0].id
        frame = next(pieces)
        assert frame.startswith(f"id: {number}\nevent: note\ndata: {{".encode())
        assert frame.count(b"\n") == 4


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"msg_types": ["note", "other"]}, [0, 1, 2, 3]),
        ({"msg_types": ["other"]}, [1]),
        ({"agents": ["bob"]}, [2]),
        ({"run_ids": [7, 8]}, [3]),
        ({"execution_id": "x-y-0001"}, [3]),
    ],
)
def test_filters(client: MonitorClient, namespace: str, filters: dict[str, Any], expected: list[int]) -> None:
    client.upsert(
        [
            note(namespace, 0),
            note(namespace, 1, "other"),
            note(namespace, 2, sender_agent="bob"),
            note(namespace, 3, run_id=7, execution_id="x-y-0001"),
        ]
    )
    with client.events(0, namespace=namespace, **filters) as stream:
        assert [event.data["number"] for event in islice(stream, len(expected))] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [("run_ids=x", "run_ids"), ("colour=red", "colour"), ("last_event_id=-1", "last_event_id")],
)
def test_a_wrong_parameter_is_named(api: httpx.Client, query: str, field: str) -> None:
    answer = api.get(f"/messages/stream/?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field


def test_a_wrong_filter_is_raised_by_the_client(client: MonitorClient) -> None:
    with client.events(colour="red") as stream, pytest.raises(BadInput, match="colour"):
        next(iter(stream))


def test_history_that_is_gone_is_said(api: httpx.Client) -> None:
    with api.stream("GET", "/messages/stream/", headers={"Last-Event-ID": "999999999"}) as stream:
        assert b'"history":"gone"' in next(stream.iter_bytes())


def test_status_tells_of_clients(client: MonitorClient, api: httpx.Client, namespace: str) -> None:
    with api.stream("GET", "/messages/stream/", params={"namespace": namespace}) as stream:
        pieces = stream.iter_bytes()
        assert b"connected" in next(pieces)
        status = client_status(api, namespace)
        assert status["filters"] == {"namespace": [namespace]}
        assert status["waiting"] == 0


def client_status(api: httpx.Client, namespace: str) -> dict[str, Any]:
    clients = api.get("/messages/stream/status/").json()["clients"]
    found: Iterator[dict[str, Any]] = (c for c in clients if c["filters"].get("namespace") == [namespace])
    return next(found)
