"""The hub: a slow client is closed with a reason and slows nobody; migrations match the models."""

import asyncio
import subprocess
import sys

import pytest
from monitor_instance import Instance

from swf_testbed.monitor.startup import set_up_django

set_up_django()

from swf_testbed.monitor.services.messages import StoredMessage  # noqa: E402  # models need Django first
from swf_testbed.monitor.stream.hub import QUEUE_LIMIT, Client, Hub  # noqa: E402
from swf_testbed.monitor.stream.selection import Selection  # noqa: E402


def message(number: int) -> StoredMessage:
    return StoredMessage(number, "note", "a", "n", None, None, {"number": number})


def joined(hub: Hub, selection: Selection | None = None) -> Client:
    client = hub.new_client("127.0.0.1", "test", selection or Selection())
    hub.join(client)
    return client


def test_a_slow_client_is_closed_with_a_reason_and_the_others_hear_everything() -> None:
    async def scene() -> None:
        hub = Hub()
        slow, quick, choosy = joined(hub), joined(hub), joined(hub, Selection(msg_types=frozenset({"other"})))
        heard = b""
        for start in range(1, QUEUE_LIMIT + 200, 100):
            hub.broadcast([message(number) for number in range(start, start + 100)])
            heard += quick.take()
        assert slow.closed is not None
        assert "too slow" in slow.closed
        assert not slow.waiting
        assert quick.closed is None
        assert heard.count(b"event: note\n") == hub.last_id
        assert choosy.closed is None
        assert not choosy.waiting
        assert (hub.status()["count"], hub.status()["evicted"]) == (2, 1)

    asyncio.run(scene())


def test_what_was_heard_is_not_heard_again() -> None:
    async def scene() -> None:
        hub = Hub()
        client = joined(hub)
        hub.broadcast([message(1), message(2)])
        hub.broadcast([message(1), message(2), message(3)])
        assert client.take().count(b"id: ") == 3

    asyncio.run(scene())


def test_changes_are_told_once_to_those_who_asked_for_them() -> None:
    async def scene() -> None:
        hub = Hub()
        curious, both, deaf = (
            joined(hub, Selection(changes=frozenset({"logs"}))),
            joined(hub, Selection(changes=frozenset({"logs"}), msg_types=frozenset({"note"}))),
            joined(hub),
        )
        for _ in range(1000):
            hub.tell_changed("logs")
            hub.tell_changed("runs")
        hub.broadcast([message(1)])
        await asyncio.wait_for(curious.arrived.wait(), 60)
        assert curious.take() == b'event: changed\ndata: {"resource":"logs"}\n\n'
        assert both.take().count(b"event: ") == 2
        assert b"changed" not in deaf.take()
        hub.tell_changed("logs")
        await asyncio.wait_for(curious.arrived.wait(), 60)
        assert curious.take().count(b"changed") == 1

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["a\nid: 9", "a\r\ndata: x"])
def test_a_message_type_cannot_forge_an_event(kind: str) -> None:
    async def scene() -> None:
        hub = Hub()
        client = joined(hub)
        hub.broadcast([message(1)._replace(event=kind)])
        assert client.take().count(b"\n") == 4

    asyncio.run(scene())


def test_migrations_match_the_models(instance: Instance) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "swf_testbed.monitor", "manage", "makemigrations", "--check", "--dry-run"],
        env=instance.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
