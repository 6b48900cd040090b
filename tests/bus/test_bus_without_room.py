"""A queue of the labs' broker that nobody empties: its producers wait, nothing is lost, and it drains."""

import threading
from collections.abc import Iterator

import pytest
from bus_brokers import PATIENCE_S, Buses, bodies

from swf_test_servers import Artemis
from swf_testbed.bus import BrokerAddress, StompBus, Subscription
from swf_testbed.model import destinations
from swf_testbed.model.errors import Unavailable

pytestmark = pytest.mark.timeout(300)

WORK = destinations.slices("small")
"""`swf_test_servers.artemis` gives it a small bound; that there is one says deploy/artemis/broker.xml."""

MESSAGES = 300


@pytest.fixture
def buses(artemis: Artemis) -> Iterator[Buses]:
    opened = Buses(BrokerAddress(artemis.host, artemis.port, artemis.user, artemis.password))
    yield opened
    opened.close()


def producing(bus: StompBus, name: str) -> threading.Thread:
    def produce() -> None:
        for number in range(MESSAGES):
            body = f"{name}{number}:{'x' * 1000}".encode()
            bus.publish_body(WORK, body, {"persistent": "true"})

    producer = threading.Thread(target=produce)
    producer.start()
    return producer


def until_held_back(bus: StompBus, producer: threading.Thread) -> None:
    for _ in range(int(PATIENCE_S / 0.05)):
        if bus.held_back:
            return
        producer.join(0.05)
    raise AssertionError("nobody is held back")


def test_producers_wait_until_a_consumer_is_back(buses: Buses) -> None:
    producer, consumer = buses.new(), buses.new()
    threads = [producing(producer, name) for name in "ab"]
    until_held_back(producer, threads[0])
    assert producer.held_back == [WORK]
    assert all(thread.is_alive() for thread in threads)
    with pytest.raises(Unavailable, match="no receipt"):
        producer.publish_body(WORK, b"too many", {"persistent": "true"}, timeout_s=0.1)
    # Other queues of the same connection go on.
    producer.publish_body("/queue/test.other", b"", {"persistent": "true"}, timeout_s=PATIENCE_S)
    heard = [body.partition(b":")[0] for body in bodies(consumer.subscribe(Subscription(WORK)), 2 * MESSAGES)]
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    for name in (b"a", b"b"):
        own = [body for body in heard if body.startswith(name)]
        assert own == [b"%s%d" % (name, number) for number in range(MESSAGES)]
    assert producer.held_back == []
