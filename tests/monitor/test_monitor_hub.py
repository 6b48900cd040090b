"""The hub: slow and silent clients are closed with a reason and slow nobody; migrations match the models."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest
from monitor_instance import Instance

from swf_testbed.monitor.startup import set_up_django

set_up_django()

from swf_testbed.monitor.services.messages import StoredMessage  # noqa: E402  # models need Django first
from swf_testbed.monitor.stream import hub as hub_module  # noqa: E402
from swf_testbed.monitor.stream.client import Client, Visitor  # noqa: E402
from swf_testbed.monitor.stream.frames import PIECE_BYTES  # noqa: E402
from swf_testbed.monitor.stream.hub import Hub  # noqa: E402
from swf_testbed.monitor.stream.presence import SAY_S, SILENT_S, Presence  # noqa: E402
from swf_testbed.monitor.stream.recent import Recent, framed  # noqa: E402
from swf_testbed.monitor.stream.selection import Selection  # noqa: E402

QUEUE = 2000


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        asyncio.run(test(*arguments, **named))

    return run


def message(number: int, text: str = "") -> StoredMessage:
    return StoredMessage(number, "note", "a", "n", None, None, {"number": number, "text": text})


def joined(hub: Hub, selection: Selection | None = None, abort: Callable[[], None] = lambda: None) -> Client:
    client = hub.enter(Visitor("127.0.0.1", "test"), selection or Selection(), abort)
    hub.join(client)
    return client


def take_all(client: Client) -> bytes:
    return b"".join(iter(client.take, b""))


@in_a_loop
async def test_a_slow_client_is_closed_with_a_reason_and_the_others_hear_everything() -> None:
    hub = Hub("here-1-a", QUEUE)
    slow, quick, choosy = joined(hub), joined(hub), joined(hub, Selection(msg_types=frozenset({"other"})))
    heard = b""
    for start in range(1, QUEUE + 200, 100):
        hub.broadcast([message(number) for number in range(start, start + 100)])
        heard += take_all(quick)
    assert slow.closed is not None
    assert "too slow" in slow.closed
    assert (slow.waiting, slow.sent, slow.evicted) == (0, 0, True)
    assert slow.dropped == slow.received > QUEUE
    assert quick.closed is None
    assert heard.count(b"event: note\n") == hub.last_id
    assert (quick.received, quick.sent, quick.dropped, quick.last_id) == (
        hub.last_id,
        hub.last_id,
        0,
        hub.last_id,
    )
    assert choosy.closed is None
    assert not choosy.waiting


@in_a_loop
async def test_an_evicted_client_that_does_not_even_read_why_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "_EVICTED_GRACE_S", 0.01)
    hub, cut = Hub("here-1-a", 10), asyncio.Event()
    joined(hub, abort=cut.set)
    hub.broadcast([message(number) for number in range(1, 20)])
    async with asyncio.timeout(60):
        await cut.wait()


@in_a_loop
async def test_a_client_whose_connection_takes_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "STALLED_S", 0.0)
    hub = Hub("here-1-a", QUEUE)
    stuck, idle = joined(hub), joined(hub)
    stuck.busy_since = 1.0
    hub.beat()
    assert stuck.closed is not None
    assert "read nothing" in stuck.closed
    assert idle.closed is None


@in_a_loop
async def test_who_hears_nothing_for_long_is_told_that_the_stream_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub("here-1-a", QUEUE)
    client = joined(hub, Selection(msg_types=frozenset({"other"})))
    hub.broadcast([message(1)])
    hub.beat()
    assert client.take() == b""
    monkeypatch.setattr(hub_module, "HEARTBEAT_S", 0.0)
    hub.beat()
    # The number moves on, though the message was not for this client.
    assert client.take() == b": heartbeat\nid: 1\n\n"


@in_a_loop
async def test_what_was_heard_is_not_heard_again() -> None:
    hub = Hub("here-1-a", QUEUE)
    client = joined(hub)
    hub.broadcast([message(1), message(2)])
    hub.broadcast([message(1), message(2), message(3)])
    assert take_all(client).count(b"id: ") == 3


@in_a_loop
async def test_what_is_handed_to_a_connection_at_once_is_small() -> None:
    hub = Hub("here-1-a", QUEUE)
    client = joined(hub)
    hub.broadcast([message(number, "x" * 1000) for number in range(1, 500)])
    pieces = list(iter(client.take, b""))
    assert sum(piece.count(b"id: ") for piece in pieces) == 499
    assert max(map(len, pieces)) < PIECE_BYTES + 2000


@in_a_loop
async def test_reconnections_are_spread_when_the_server_goes_down() -> None:
    hub = Hub("here-1-a", QUEUE)
    clients = [joined(hub) for _ in range(500)]
    hub.close()
    pauses = sorted(client.retry_ms or 0 for client in clients)
    assert pauses[0] >= 1000
    assert pauses[-1] - pauses[0] > 3000
    assert len(set(pauses)) > 250


@in_a_loop
async def test_changes_are_told_once_to_those_who_asked_for_them() -> None:
    hub = Hub("here-1-a", QUEUE)
    curious, both, deaf = (
        joined(hub, Selection(changes=frozenset({"logs"}))),
        joined(hub, Selection(changes=frozenset({"logs"}), msg_types=frozenset({"note"}))),
        joined(hub),
    )
    for _ in range(1000):
        hub.tell_changed({"logs", "runs"})
    hub.broadcast([message(1)])
    await asyncio.wait_for(curious.arrived.wait(), 60)
    assert curious.take() == b'event: changed\ndata: {"resource":"logs"}\n\n'
    assert both.take().count(b"event: ") == 2
    assert b"changed" not in deaf.take()
    hub.tell_changed({"logs"})
    await asyncio.wait_for(curious.arrived.wait(), 60)
    assert curious.take().count(b"changed") == 1


@pytest.mark.parametrize("kind", ["a\nid: 9", "a\r\ndata: x"])
@in_a_loop
async def test_a_message_type_cannot_forge_an_event(kind: str) -> None:
    hub = Hub("here-1-a", QUEUE)
    client = joined(hub)
    hub.broadcast([message(1)._replace(event=kind)])
    assert client.take().count(b"\n") == 4


def test_what_is_recent_is_whole_or_is_not_there() -> None:
    recent = Recent()
    recent.begin(3, framed([message(5)]))
    assert recent.after(2, 10) is None
    assert [entry.message.id for entry in recent.after(3, 10) or ()] == [5]
    for start in range(6, 30_006, 1000):
        recent.add(framed([message(number, "x" * 500) for number in range(start, start + 1000)]))
    assert recent.after(5, 10) is None
    newest = recent.after(30_000, 10) or ()
    assert [entry.message.id for entry in newest] == [30_001, 30_002, 30_003, 30_004, 30_005]
    assert recent.after(30_005, 10) == []


class Clock:
    moment = 0.0

    def __call__(self) -> float:
        return self.moment


def test_a_process_that_falls_silent_is_dead_unless_we_are_deaf_ourselves() -> None:
    clock = Clock()
    presence = Presence("me", clock)
    presence.expect(["gone"])
    for clock.moment in (0.0, SAY_S, 2 * SAY_S, 3 * SAY_S, 4 * SAY_S, 5 * SAY_S):
        presence.heard("me")
        presence.heard("other")
    assert presence.take_silent() == ["gone"]
    assert presence.take_silent() == []
    assert presence.others
    clock.moment += 2 * SILENT_S
    assert presence.take_silent() == []
    presence.missed()
    presence.heard("me")
    assert presence.take_silent() == []


def test_migrations_match_the_models(instance: Instance) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "swf_testbed.monitor", "manage", "makemigrations", "--check", "--dry-run"],
        env=instance.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
