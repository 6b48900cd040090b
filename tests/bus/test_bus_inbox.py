"""What came and was not taken yet: what is given out, how long is waited, and what wakes who waits."""

import threading
import time
from collections.abc import Sequence

import pytest
from bus_brokers import PATIENCE_S
from scripted_broker import aside

from swf_testbed.bus import Delivery, Inbox, Subscription

pytestmark = pytest.mark.timeout(300)

TOPIC = "/topic/test"


class Filled:
    """An inbox with deliveries of the present connection, unless it is said otherwise."""

    def __init__(self, *names: str, **asked: object) -> None:
        self.acknowledged: list[Delivery] = []
        self.detached: list[Inbox] = []
        subscription = Subscription(TOPIC, **asked)  # type: ignore[arg-type]
        self.inbox = Inbox(subscription, self._acknowledge, lambda one: one.epoch == 1, self.detached.append)
        for name in names:
            self.put(name)

    def put(self, name: str, epoch: int = 1) -> Delivery:
        delivery = Delivery(TOPIC, {"msg_type": name}, name.encode(), ack_id=name, epoch=epoch)
        self.inbox.put(delivery)
        return delivery

    def _acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.acknowledged += deliveries

    def take(self, *args: int, **more: float | None) -> list[str]:
        return [one.body.decode() for one in self.inbox.take(*args, **more)]  # type: ignore[arg-type]


def test_one_is_taken_unless_more_are_asked_for() -> None:
    filled = Filled("a", "b", "c", "d")
    assert filled.take() == ["a"]
    assert filled.take(2, timeout_s=PATIENCE_S) == ["b", "c"]
    assert filled.take(2, timeout_s=PATIENCE_S) == ["d"], "it waits for the first only"
    assert filled.take(0) == []
    assert filled.take(timeout_s=0.0) == []
    assert filled.take(timeout_s=-1.0) == []
    assert filled.acknowledged == []


def test_it_waits_for_the_first_without_end_and_lingers_for_more() -> None:
    filled = Filled()
    taking = aside(lambda: filled.take(2, linger_s=PATIENCE_S))
    filled.put("a")
    filled.put("b")
    assert taking.result(PATIENCE_S) == ["a", "b"]
    filled.put("c")
    began = time.monotonic()
    assert filled.take(2, linger_s=0.1, timeout_s=PATIENCE_S) == ["c"]
    assert time.monotonic() - began >= 0.09


def test_it_lingers_from_the_first_on_and_no_longer_for_more() -> None:
    filled = Filled("a")
    ended = threading.Event()

    def fill() -> None:
        while not ended.wait(0.05):
            filled.put("more")

    filling = aside(fill)
    taken = aside(lambda: filled.take(1_000_000, linger_s=0.2))
    try:
        assert taken.result(PATIENCE_S)[0] == "a"
    finally:
        ended.set()
    filling.result(PATIENCE_S)


def test_what_an_earlier_connection_brought_is_neither_given_out_nor_acknowledged() -> None:
    filled = Filled()
    old, new = filled.put("old", epoch=0), filled.put("new")
    assert filled.take(2, timeout_s=PATIENCE_S) == ["new"]
    filled.inbox.ack(iter([old, new]))
    assert filled.acknowledged == [new]


def test_what_is_not_wanted_is_acknowledged_unseen_and_does_not_count() -> None:
    filled = Filled("a", "b", "c", msg_types=frozenset({"b", "c"}))
    assert filled.take(2, timeout_s=PATIENCE_S) == ["b", "c"]
    assert [one.body for one in filled.acknowledged] == [b"a"]
    filled.inbox.put(Delivery(TOPIC, {}, b"without a type", epoch=1))
    filled.put("old", epoch=0)
    assert filled.take(timeout_s=0.0) == []
    assert [one.body for one in filled.acknowledged] == [b"a", b"without a type"]


def test_confirmation_wakes_only_whom_it_is_to_wake() -> None:
    quiet, waking = Filled(), Filled(wakes=True)
    for filled in (quiet, waking):
        assert not filled.inbox.wait_established(0)
        filled.inbox.establish()
        assert filled.inbox.wait_established(0)
        filled.put("a")
        filled.inbox.establish()
    assert quiet.take(2, timeout_s=0.0) == ["a"]
    assert waking.take(2, timeout_s=PATIENCE_S, linger_s=PATIENCE_S) == []
    assert waking.take(2, timeout_s=PATIENCE_S, linger_s=3600.0) == ["a"]


def test_after_its_end_what_was_taken_can_be_acknowledged_until_it_is_closed() -> None:
    filled = Filled()
    before = filled.inbox.closed
    first = filled.put("a")
    assert filled.take() == ["a"]
    waiting = aside(lambda: filled.take(2, linger_s=3600.0))
    filled.inbox.end()
    assert waiting.result(PATIENCE_S) == []
    assert (before, filled.inbox.closed, filled.detached) == (False, True, [])
    filled.inbox.ack([first])
    assert filled.acknowledged == [first]
    filled.put("late")
    assert filled.take() == []
    filled.inbox.close()
    assert filled.detached == [filled.inbox]


def test_closing_ends_it_too() -> None:
    filled = Filled()
    waiting = aside(filled.take)
    filled.inbox.close()
    assert waiting.result(PATIENCE_S) == []
    assert filled.inbox.closed
