"""What every bus promises, whichever broker it speaks to."""

import json
import threading
from pathlib import Path

import pytest
from bus_brokers import PATIENCE_S, BrokerUnderTest, Buses

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, Inbox, StompBus, Subscription
from swf_testbed.messages import PauseRun, StartRun, decode
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused, Unavailable

pytestmark = pytest.mark.timeout(300)


def start_run(number: int, namespace: str = "here") -> StartRun:
    return StartRun(namespace=namespace, sender="test", run_id=number, simulation_tick=0.0)


def run_ids(inbox: Inbox, count: int) -> list[int | None]:
    """The runs of the next `count` messages, acknowledged."""
    found: list[int | None] = []
    while len(found) < count:
        deliveries = inbox.take(count - len(found), timeout_s=PATIENCE_S)
        assert deliveries, f"only {len(found)} of {count} messages came"
        found += [decode(delivery.body).run_id for delivery in deliveries]
        inbox.ack(deliveries)
    return found


def test_what_is_said_on_a_topic_is_heard_in_order(buses: Buses, role: str) -> None:
    inbox = buses.new(role).subscribe(Subscription(destinations.EVENTS, durable="role"))
    assert inbox.wait_established(PATIENCE_S)
    buses.new().publish_many(start_run(number) for number in range(1000))
    assert run_ids(inbox, 1000) == list(range(1000))


def test_once_the_broker_has_confirmed_nothing_is_missed(buses: Buses, role: str) -> None:
    first = buses.new(role)
    inbox = first.subscribe(Subscription(destinations.EVENTS, durable="role"))
    assert inbox.wait_established(PATIENCE_S)
    first.close()
    buses.new().publish(start_run(1))
    inbox = buses.new(role).subscribe(Subscription(destinations.EVENTS, durable="role"))
    assert run_ids(inbox, 1) == [1]


def test_a_durable_role_misses_nothing_while_away(buses: Buses, role: str) -> None:
    first = buses.new(role)
    assert first.subscribe(Subscription(destinations.EVENTS, durable="role")).wait_established(PATIENCE_S)
    speaker = buses.new()
    speaker.publish(start_run(1))
    first.close()
    speaker.publish(start_run(2))
    inbox = buses.new(role).subscribe(Subscription(destinations.EVENTS, durable="role"))
    # What was in hand when the first went comes again, and may come late.
    assert sorted(map(str, run_ids(inbox, 2))) == ["1", "2"]


def test_what_was_not_acknowledged_comes_again_to_another(buses: Buses, queue: str) -> None:
    dying = buses.new()
    taken = dying.subscribe(Subscription(queue, prefetch=1))
    speaker = buses.new()
    speaker.publish_body(queue, b"work", {"persistent": "true"})
    assert taken.take(timeout_s=PATIENCE_S)
    dying.close()
    [again] = buses.new().subscribe(Subscription(queue, prefetch=1)).take(timeout_s=PATIENCE_S)
    assert again.body == b"work"
    assert again.redelivered


def test_what_is_in_hand_at_an_end_can_still_be_acknowledged(buses: Buses, queue: str) -> None:
    ending = buses.new()
    inbox = ending.subscribe(Subscription(queue, prefetch=1))
    speaker = buses.new()
    for body in (b"first", b"second"):
        speaker.publish_body(queue, body, {"persistent": "true"})
    in_hand = inbox.take(timeout_s=PATIENCE_S)
    inbox.end()
    inbox.ack(in_hand)
    ending.close()
    [next_one] = buses.new().subscribe(Subscription(queue, prefetch=1)).take(timeout_s=PATIENCE_S)
    assert [one.body for one in (*in_hand, next_one)] == [b"first", b"second"]


def test_prefetch_of_one_leaves_the_rest_to_others(buses: Buses, queue: str) -> None:
    slow = buses.new().subscribe(Subscription(queue, prefetch=1))
    buses_speaker = buses.new()
    buses_speaker.publish_body(queue, b"first", {"persistent": "true"})
    assert [one.body for one in slow.take(timeout_s=PATIENCE_S)] == [b"first"]
    quick = buses.new().subscribe(Subscription(queue, prefetch=1))
    for name in (b"second", b"third"):
        buses_speaker.publish_body(queue, name, {"persistent": "true"})
    for name in (b"second", b"third"):
        [taken] = quick.take(timeout_s=PATIENCE_S)
        assert taken.body == name
        quick.ack([taken])


def test_a_selector_hears_only_what_it_asks_for(buses: Buses, role: str) -> None:
    selector = "namespace = 'here' AND msg_type IN ('start_run')"
    inbox = buses.new(role).subscribe(Subscription(destinations.EVENTS, durable="s", selector=selector))
    assert inbox.wait_established(PATIENCE_S)
    speaker = buses.new()
    speaker.publish(start_run(1, namespace="elsewhere"))
    speaker.publish(PauseRun(namespace="here", sender="test", run_id=2, simulation_tick=0.0))
    speaker.publish(start_run(3))
    assert run_ids(inbox, 1) == [3]


def test_a_broker_that_dies_and_returns_loses_nothing_that_was_confirmed(
    broker: BrokerUnderTest, buses: Buses, role: str
) -> None:
    inbox = buses.new(role).subscribe(Subscription(destinations.EVENTS, durable="role"))
    assert inbox.wait_established(PATIENCE_S)
    speaker = buses.new()
    half, done = threading.Event(), threading.Event()

    def speak() -> None:
        for number in range(200):
            speaker.publish(start_run(number))
            if number == 100:
                half.set()
        done.set()

    speaking = threading.Thread(target=speak)
    speaking.start()
    assert half.wait(PATIENCE_S)
    broker.kill()
    broker.start()
    heard: set[int | None] = set()
    while len(heard) < 200:
        heard.update(run_ids(inbox, 1))
    assert done.wait(PATIENCE_S)
    speaking.join(PATIENCE_S)
    assert heard == set(range(200))


def test_without_a_broker_saying_fails_in_time_and_says_why(broker: BrokerUnderTest, buses: Buses) -> None:
    bus = buses.new()
    broker.kill()
    with pytest.raises(Unavailable, match="no receipt for a message to /topic/epictopic"):
        bus.publish(start_run(1), timeout_s=0.5)


def test_a_message_that_is_too_large_is_refused_at_once(buses: Buses, queue: str) -> None:
    bus = buses.new()
    with pytest.raises(Refused, match="at most 8388608 are allowed"):
        bus.publish_body(queue, b"x" * (9 * 1024 * 1024), {})
    bus.publish_body(queue, b"small", {}, timeout_s=PATIENCE_S)


def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path) -> None:
    with (
        RunningBroker(tmp_path / "locked", login=("swf", "right")) as locked,
        StompBus(BrokerAddress("127.0.0.1", locked.port, "swf", "wrong-secret")) as bus,
    ):
        assert not bus.wait_connected(1.0)
        assert "did not accept us" in bus.last_error
        assert "wrong-secret" not in bus.last_error + repr(bus.address)


def test_looking_at_a_queue_takes_nothing(buses: Buses, queue: str) -> None:
    bus = buses.new()
    for number in range(3):
        bus.publish_body(queue, json.dumps(number).encode(), {"persistent": "true"})
    look = bus.subscribe(Subscription(queue, browse=True))
    seen = []
    while not (one := look.take(timeout_s=PATIENCE_S)[0]).last:
        seen.append(json.loads(one.body))
    assert seen == [0, 1, 2]
    look.close()
    taken = bus.subscribe(Subscription(queue)).take(3, linger_s=1.0, timeout_s=PATIENCE_S)
    assert [json.loads(one.body) for one in taken] == [0, 1, 2]


@pytest.mark.parametrize("body", [b"", b"\0", b"a\0b\0", bytes(range(256)), "é 漢".encode()])
def test_any_bytes_arrive_as_they_were_sent(buses: Buses, queue: str, body: bytes) -> None:
    bus = buses.new()
    bus.publish_body(queue, body, {"persistent": "true"}, timeout_s=PATIENCE_S)
    [one] = bus.subscribe(Subscription(queue)).take(timeout_s=PATIENCE_S)
    assert one.body == body


def test_closing_wakes_who_waits(buses: Buses, queue: str) -> None:
    bus = buses.new()
    inbox = bus.subscribe(Subscription(queue))
    answers: list[object] = []
    waiting = threading.Thread(target=lambda: answers.append(inbox.take()))
    waiting.start()
    bus.close()
    waiting.join(PATIENCE_S)
    assert answers == [[]]
    with pytest.raises(Unavailable, match="closed"):
        bus.publish(start_run(1))


def test_who_wakes_is_told_that_something_may_have_been_missed(broker: BrokerUnderTest, buses: Buses) -> None:
    inbox = buses.new().subscribe(Subscription(destinations.STORED, wakes=True))
    assert inbox.take(timeout_s=PATIENCE_S) == []
    assert inbox.wait_established(0)
    buses.new().publish_body(destinations.STORED, b"1", {})
    [heard] = inbox.take(timeout_s=PATIENCE_S)
    inbox.ack([heard])
    broker.kill()
    returns: list[object] = []
    waiting = threading.Thread(target=lambda: returns.append(inbox.take()))
    waiting.start()
    assert not returns
    broker.start()
    waiting.join(PATIENCE_S)
    assert returns == [[]]
