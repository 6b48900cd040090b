"""A queue that nobody empties: its producers wait, nothing is lost or said twice, and it drains."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from swf_testbed.broker.limits import KIB, Limits
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, StompBus, Subscription
from swf_testbed.model.errors import Unavailable

QUEUE = "/queue/stopped"
PATIENCE_S = 60.0
BOUND = 20
MESSAGES = 100

BOUNDS = {
    "messages": Limits(queue_messages=BOUND),
    "bytes": Limits(queue_bytes=BOUND * KIB),
}


@pytest.fixture(params=sorted(BOUNDS))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path / "broker", limits=BOUNDS[request.param]) as running:
        yield running


def bus_to(broker: RunningBroker) -> StompBus:
    return StompBus(BrokerAddress(broker.host, broker.port))


def counts(broker: RunningBroker) -> dict[str, int]:
    destinations: Any = broker.statistics()["destinations"]
    found: dict[str, int] = destinations.get(QUEUE, {"queued": 0, "held": 0})
    return found


def until_held(broker: RunningBroker, producer: threading.Thread) -> dict[str, int]:
    for _ in range(int(PATIENCE_S / 0.05)):
        found = counts(broker)
        if found["held"]:
            return found
        producer.join(0.05)
    raise AssertionError(f"nobody is held back: {found}")


def producing(bus: StompBus) -> threading.Thread:
    def produce() -> None:
        for number in range(MESSAGES):
            body = f"{number}:{'x' * (KIB - 512)}".encode()
            bus.publish_body(QUEUE, body, {"persistent": "true"})

    producer = threading.Thread(target=produce)
    producer.start()
    return producer


def consume(bus: StompBus, count: int) -> list[int]:
    inbox = bus.subscribe(Subscription(QUEUE, prefetch=1))
    found: list[int] = []
    while len(found) < count:
        taken = inbox.take(1, timeout_s=PATIENCE_S)
        assert taken, f"only {len(found)} of {count}"
        found += [int(one.body.partition(b":")[0]) for one in taken]
        inbox.ack(taken)
    inbox.close()
    return found


def test_producers_of_a_queue_without_a_consumer_wait_and_it_drains(small: RunningBroker) -> None:
    with bus_to(small) as producer, bus_to(small) as consumer:
        sending = producing(producer)
        held = until_held(small, sending)
        assert held["queued"] <= BOUND
        assert sending.is_alive()
        # Other queues of the same connection are not held up.
        producer.publish_body("/queue/other", b"", {"persistent": "true"}, timeout_s=PATIENCE_S)
        assert consume(consumer, MESSAGES) == list(range(MESSAGES))
        sending.join(PATIENCE_S)
        assert not sending.is_alive()
        assert counts(small)["held"] == 0


def test_a_full_queue_outlives_the_broker_with_what_it_has_confirmed(small: RunningBroker) -> None:
    with bus_to(small) as producer, bus_to(small) as consumer:
        sending = producing(producer)
        until_held(small, sending)
        small.kill()
        small.start()
        assert until_held(small, sending)["queued"] <= BOUND
        assert sorted(set(consume(consumer, MESSAGES))) == list(range(MESSAGES))
        sending.join(PATIENCE_S)
        assert not sending.is_alive()


def test_who_waits_and_goes_is_forgotten(small: RunningBroker) -> None:
    bus = bus_to(small)
    sending = threading.Thread(target=_until_closed, args=(bus,))
    sending.start()
    confirmed = until_held(small, sending)["queued"]
    bus.close()
    sending.join(PATIENCE_S)
    with bus_to(small) as consumer:
        assert consume(consumer, confirmed) == list(range(confirmed))


def _until_closed(bus: StompBus) -> None:
    try:
        for number in range(MESSAGES):
            bus.publish_body(QUEUE, f"{number}:{'x' * (KIB - 512)}".encode(), {"persistent": "true"})
    except Unavailable:
        return


def test_who_asks_for_no_receipts_is_read_from_no_more(small: RunningBroker) -> None:
    with socket.create_connection((small.host, small.port), timeout=PATIENCE_S) as plain:
        plain.sendall(b"CONNECT\naccept-version:1.2\nhost:x\n\n\0")
        assert plain.recv(4096).startswith(b"CONNECTED")

        def produce() -> None:
            for number in range(MESSAGES):
                plain.sendall(b"SEND\ndestination:%s\n\n%d:%s\0" % (QUEUE.encode(), number, b"x" * 256 * KIB))

        sender = threading.Thread(target=produce)
        sender.start()
        held = until_held(small, sender)
        assert sender.is_alive(), "25 MB fit into no socket"
        assert held["queued"] < MESSAGES
        with bus_to(small) as consumer:
            assert consume(consumer, MESSAGES) == list(range(MESSAGES))
        sender.join(PATIENCE_S)
