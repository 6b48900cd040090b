"""A queue under any sequence of producers, consumers and losses: nothing lost, nothing twice, in order."""

import asyncio
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.broker.backlog import Backlog
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.message import Message
from swf_testbed.broker.store import Backlog as Identity
from swf_testbed.broker.store import Saved, Store
from swf_testbed.broker.subscriptions import Request, Subscription

LIMITS = Limits(window_messages=4)
_MESSAGE_ID = re.compile(rb"\nmessage-id:(\d+)\n")


@dataclass
class Reader:
    """A connection that notes what it is given."""

    version: str = "1.2"
    writable: bool = True
    fresh: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        found = _MESSAGE_ID.search(data)
        assert found is not None
        (self.again if b"\nredelivered:true\n" in data else self.fresh).append(int(found[1]))

    def fail(self, reason: str) -> None:
        raise AssertionError(reason)


def _subscription(reader: Reader, kinds: str, ack: str, prefetch: int) -> Subscription:
    selector = f"kind IN ({', '.join(map(repr, kinds))})" if kinds else ""
    request = Request("/queue/q", "1", ack, prefetch, selector, durable="", browser=False)
    return Subscription(reader, 1, request, LIMITS)


async def _committed(store: Store) -> None:
    done = asyncio.Event()
    store.barrier(done.set)
    await asyncio.wait_for(done.wait(), 10)


class World:
    """One queue, its consumers, and what was put in and acknowledged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.queue = Backlog(store, LIMITS, Saved(Identity(0, "/queue/q"), 0, 0))
        self.consumers: list[tuple[Subscription, Reader]] = []
        self.put: list[int] = []
        self.kinds: dict[int, str] = {}
        self.done: list[int] = []

    async def step(self, step: tuple[Any, ...]) -> None:
        kind, *arguments = step
        match kind:
            case "put":
                self.produce(*arguments)
            case "come":
                reader = Reader()
                self.consumers.append((_subscription(reader, *arguments), reader))
                self.queue.attach(self.consumers[-1][0])
            case "wait":
                await _committed(self.store)
            case _ if self.consumers:
                self.consume(kind, *self.consumers[arguments[0] % len(self.consumers)])

    def produce(self, kind: str, persistent: bool, count: int) -> None:
        for _ in range(count):
            self.put.append(len(self.put) + 1)
            self.kinds[self.put[-1]] = kind
            self.queue.put(Message(self.put[-1], "/queue/q", {"kind": kind}, b"", persistent=persistent))

    def consume(self, action: str, subscription: Subscription, reader: Reader) -> None:
        held = [seq for seq in reader.fresh + reader.again if subscription.holds(seq)]
        if action == "ack" and held:
            for message in subscription.take_acknowledged(held[0]):
                self.done.append(message.seq)
                self.queue.settle(message)
            self.queue.dispatch()
        elif action == "block":
            reader.writable = not reader.writable
            self.queue.dispatch()
        elif action == "leave":
            self.leave(subscription, reader)

    def leave(self, subscription: Subscription, reader: Reader) -> None:
        self.consumers.remove((subscription, reader))
        if subscription.auto:
            self.done += reader.fresh + reader.again
        subscription.close()
        assert reader.fresh == sorted(reader.fresh)

    async def settle(self) -> None:
        """Nobody who is free may be left waiting for a message that nobody has."""
        for _ in range(len(self.put) + 10):
            await _committed(self.store)
        taken = set(self.done)
        for subscription, reader in self.consumers:
            given = reader.fresh + reader.again
            taken.update(seq for seq in given if subscription.auto or subscription.holds(seq))
        waiting = {kind for seq, kind in self.kinds.items() if seq not in taken}
        for subscription, _ in self.consumers:
            wanted = subscription.request.selector or "'a' 'b'"
            assert not (subscription.free and any(repr(kind) in wanted for kind in waiting))

    async def drain(self) -> list[int]:
        for subscription, reader in list(self.consumers):
            self.leave(subscription, reader)
        last = Reader()
        self.queue.attach(_subscription(last, "", "auto", 1))
        for _ in range(len(self.put) + 10):
            if not self.queue.size:
                break
            await _committed(self.store)
        assert last.fresh == sorted(last.fresh)
        return last.fresh + last.again


_kinds = st.sampled_from("ab")
_steps = st.one_of(
    st.tuples(st.just("put"), _kinds, st.booleans() | st.just(True), st.integers(1, 12)),
    st.tuples(
        st.just("come"),
        st.sampled_from(["", "a", "b", "ab"]),
        st.sampled_from(["auto", "client", "client-individual"]),
        st.integers(1, 5),
    ),
    st.tuples(st.sampled_from(["ack", "ack", "ack", "block", "leave"]), st.integers(0, 10)),
    st.tuples(st.just("wait")),
)


@settings(max_examples=200)
@given(st.lists(_steps, max_size=40))
def test_every_message_is_consumed_once_and_in_order(steps: list[tuple[Any, ...]]) -> None:
    async def run(directory: Path) -> None:
        store = Store(directory, congestion=1 << 20)
        failures: list[Exception] = []
        store.start(failures.append)
        world = World(store)
        for step in steps:
            await world.step(step)
        await world.settle()
        rest = await world.drain()
        assert sorted(world.done + rest) == world.put
        await _committed(store)
        store.close()
        assert failures == []
        reopened = Store(directory, congestion=1 << 20)
        assert [saved.size for saved in reopened.saved] in ([], [0])
        reopened.close()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))
