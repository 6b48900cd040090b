"""The brokers that every bus must come to the same with: ours, and those of the labs."""

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from swf_test_servers import Artemis, Classic
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, Inbox, StompBus

PATIENCE_S = 60.0

KINDS = ("embedded", "artemis", "artemis with prefixes", "classic")


class Killable(Protocol):
    """A broker that may die and return, with what it has confirmed."""

    def kill(self) -> None: ...

    def start(self) -> object: ...


class BrokerUnderTest:
    """One of `KINDS`: where it is, and its death."""

    def __init__(self, kind: str, address: BrokerAddress, server: Killable) -> None:
        self.kind, self.address = kind, address
        self._server, self._up = server, True

    def kill(self) -> None:
        self._server.kill()
        self._up = False

    def start(self) -> None:
        """Does nothing if it is up."""
        if not self._up:
            self._server.start()
            self._up = True


def broker_of(kind: str, request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> BrokerUnderTest:
    """The broker of a kind: ours is the test's own, the others are shared with other tests."""
    if kind == "embedded":
        embedded = stack.enter_context(RunningBroker(folder / "broker"))
        return BrokerUnderTest(kind, BrokerAddress("127.0.0.1", embedded.port), embedded)
    server: Artemis | Classic = request.getfixturevalue(kind.split(maxsplit=1)[0])
    port = server.prefixed_port if isinstance(server, Artemis) and kind == KINDS[2] else server.port
    return BrokerUnderTest(kind, BrokerAddress(server.host, port, server.user, server.password), server)


class Buses:
    """Opens buses to one broker and closes them all."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._open: list[StompBus] = []

    def new(self, client_id: str | None = None) -> StompBus:
        bus = self.begin(client_id)
        assert bus.wait_connected(PATIENCE_S), bus.last_error
        return bus

    def begin(self, client_id: str | None = None) -> StompBus:
        """One that may not be let in."""
        bus = StompBus(self._address, client_id)
        self._open.append(bus)
        return bus

    def close(self) -> None:
        for bus in self._open:
            bus.close()


def bodies(inbox: Inbox, count: int) -> list[bytes]:
    """The next `count` messages, acknowledged."""
    found: list[bytes] = []
    while len(found) < count:
        deliveries = inbox.take(count - len(found), timeout_s=PATIENCE_S)
        assert deliveries, f"only {len(found)} of {count} messages came"
        found += [delivery.body for delivery in deliveries]
        inbox.ack(deliveries)
    return found
