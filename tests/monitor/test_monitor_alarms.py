"""Alarms by REST and by messages: one that stands is not raised twice, and its history is kept."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance

from swf_testbed.messages import Alarm
from swf_testbed.model.status import Severity
from swf_testbed.monitor_client import MonitorClient

pytestmark = pytest.mark.both_databases


def _raise(api: httpx.Client, subject: str, **more: Any) -> httpx.Response:
    return api.post(
        "/alarms/", json={"severity": "warning", "subject": subject, "namespace": "torre", **more}
    )


def _actions(api: httpx.Client, number: int) -> list[tuple[str, str]]:
    return [(event["action"], event["note"]) for event in api.get(f"/alarms/{number}/").json()["history"]]


def test_an_alarm_that_stands_is_raised_once_and_wants_attention_anew_when_it_is_worse(
    api: httpx.Client,
) -> None:
    subject = f"disk {uuid4()}"
    first = _raise(api, subject, text="90 %")
    number = first.json()["id"]
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert api.patch(f"/alarms/{number}/", json={"acknowledged_by": "alice", "note": "on it"}).is_success
    again = _raise(api, subject, text="90 %")
    assert (again.status_code, again.json()) == (200, {"id": number, "created": False})
    assert api.get(f"/alarms/{number}/").json()["acknowledged_by"] == "alice"
    assert _raise(api, subject, severity="error", text="99 %").json()["id"] == number
    stands = api.get(f"/alarms/{number}/").json()
    assert (stands["severity"], stands["text"], stands["acknowledged_by"]) == ("error", "99 %", None)
    assert api.patch(f"/alarms/{number}/", json={"cleared_at": "2026-01-01T00:00:00Z"}).is_success
    assert _raise(api, subject).json()["created"] is True
    assert _actions(api, number) == [
        ("raised", "90 %"),
        ("acknowledged", "on it"),
        ("raised", "99 %"),
        ("cleared", ""),
    ]


def test_the_same_subject_in_another_namespace_is_another_alarm(api: httpx.Client) -> None:
    subject = f"disk {uuid4()}"
    here, there = _raise(api, subject), _raise(api, subject, namespace="other")
    assert here.json()["id"] != there.json()["id"]
    in_bulk = [{"severity": "info", "subject": subject, "namespace": name} for name in ("torre", "new")]
    assert [one["created"] for one in api.post("/alarms/", json=in_bulk).json()] == [False, True]


def test_messages_raise_and_clear_as_rest_does(instance: Instance, api: httpx.Client) -> None:
    subject = f"beam {uuid4()}"
    said = {"namespace": "torre", "sender": "data-agent-x-1", "severity": Severity.ERROR, "subject": subject}
    with instance.bus() as bus, instance.client() as client:
        bus.publish(Alarm(**said, text="lost", state="raised"))
        bus.publish(Alarm(**said, text="lost", state="raised"))
        _wait_for_messages(client, subject, 2)
        (alarm,) = api.get("/alarms/", params={"subject": subject}).json()["results"]
        assert (alarm["severity"], alarm["text"], alarm["cleared_at"]) == ("error", "lost", None)
        bus.publish(Alarm(**said, text="back", state="cleared"))
        _wait_for_messages(client, subject, 3)
    assert api.get(f"/alarms/{alarm['id']}/").json()["cleared_at"] is not None
    assert _actions(api, alarm["id"]) == [("raised", "lost"), ("cleared", "back")]


def test_what_is_raised_by_rest_is_said_to_all_once(instance: Instance, api: httpx.Client) -> None:
    subject = f"magnet {uuid4()}"
    with instance.client() as client:
        number = _raise(api, subject, text="quench").json()["id"]
        api.patch(f"/alarms/{number}/", json={"cleared_at": "2026-01-01T00:00:00Z", "note": "cold again"})
        # A message of our own, after both: what the bus says of them has been taken in before it.
        with instance.bus() as bus:
            last = {"severity": Severity.INFO, "text": "", "state": "cleared"}
            bus.publish(Alarm(namespace="torre", sender="x", subject=subject, **last))
        said = _wait_for_messages(client, subject, 3)
    assert [(one["state"], one["text"]) for one in said] == [
        ("raised", "quench"),
        ("cleared", "cold again"),
        ("cleared", ""),
    ]


def _wait_for_messages(client: MonitorClient, subject: str, number: int) -> list[dict[str, Any]]:
    """What was said of a subject, in order, once there is so much of it."""
    found: list[dict[str, Any]] = []
    with client.events(last_event_id=0, msg_types="alarm") as events:
        for event in events:
            if event.data.get("subject") == subject:
                found.append(event.data)
                if len(found) == number:
                    return found
    raise AssertionError("the stream ended")
