"""A queue of a broker of the labs that nobody empties: its producers wait, nothing is lost, and it drains."""

import threading
from collections.abc import Iterator

import pytest
from bus_brokers import PATIENCE_S, Buses, bodies

from swf_test_servers import Artemis, Classic
from swf_testbed.bus import BrokerAddress, StompBus, Subscription
from swf_testbed.model import destinations
from swf_testbed.model.errors import Unavailable

pytestmark = pytest.mark.timeout(300)

WORK = destinations.slices("small")
"""`swf_test_servers` gives it a small bound; that there is one say the configurations in deploy/."""

STOCK = "/queue/stock.small.work"
"""The same bound at Classic, without the rest of our configuration."""

MESSAGES = 100


@pytest.fixture(params=["artemis", "classic"])
def server(request: pytest.FixtureRequest) -> Artemis | Classic:
    found: Artemis | Classic = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def buses(server: Artemis | Classic) -> Iterator[Buses]:
    opened = Buses(BrokerAddress(server.host, server.port, server.user, server.password))
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


def test_producers_wait_until_a_consumer_is_back(server: Artemis | Classic, buses: Buses) -> None:
    producer, consumer = buses.new(), buses.new()
    threads = [producing(producer, name) for name in "ab"]
    until_held_back(producer, threads[0])
    assert producer.held_back == [WORK]
    if isinstance(server, Classic):  # what it bounds is what it has in memory
        server.kill()
        server.start()
        assert producer.wait_connected(PATIENCE_S)
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


@pytest.mark.parametrize("server", ["classic"], indirect=True)
def test_of_itself_classic_bounds_nothing_that_is_on_its_disk(server: Classic, buses: Buses) -> None:
    producer = buses.new()
    for number in range(MESSAGES // 2):
        said = b"%d:%s" % (number, b"x" * 2000)
        producer.publish_body(STOCK, said, {"persistent": "true"}, timeout_s=PATIENCE_S)
    heard = bodies(buses.new().subscribe(Subscription(STOCK)), MESSAGES // 2)
    assert [int(body.partition(b":")[0]) for body in heard] == list(range(MESSAGES // 2))
