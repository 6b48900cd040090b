"""What was said and not confirmed: when it is sent, when it waits, and when it is given up."""

import itertools
from collections.abc import Mapping

import pytest
from set_clock import Clock

from swf_testbed.bus import outbox as outboxes
from swf_testbed.bus.outbox import HELD_BACK_S, ROOM_S, TRANSMISSIONS, Outbox
from swf_testbed.messages.codec import MAX_BODY
from swf_testbed.model.errors import Refused

HERE, THERE = "/queue/here", "/queue/there"


class Wire:
    """What was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, destination: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.sent.append((destination, body, dict(headers)))

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body, _ in self.sent]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outboxes, "time", clock)
    return clock


def test_every_message_asks_for_a_receipt_of_its_own_that_no_other_bus_has() -> None:
    one, other, wire = Outbox(), Outbox(), Wire()
    for box in (one, one, other):
        box.transmit(box.add(HERE, b"x", {"a": "b"}), 1, wire)
    receipts = [headers["receipt"] for _, _, headers in wire.sent]
    assert len(set(receipts)) == 3
    assert wire.sent[0] == (HERE, b"x", {"a": "b", "receipt": receipts[0]})


def test_what_no_consumer_could_take_is_refused_with_its_size() -> None:
    box = Outbox()
    with pytest.raises(Refused, match=f"{HERE} has {MAX_BODY + 1} bytes; at most {MAX_BODY} are allowed"):
        box.add(HERE, bytes(MAX_BODY + 1), {})
    assert box.unconfirmed() == []
    box.add(HERE, bytes(MAX_BODY), {})


def test_it_is_kept_until_the_broker_has_it() -> None:
    box = Outbox()
    first, second = box.add(HERE, b"1", {}), box.add(HERE, b"2", {})
    assert box.unconfirmed() == [first, second]
    assert box.confirm(first.receipt)
    assert (first.done.is_set(), first.refusal, second.done.is_set()) == (True, "", False)
    assert box.unconfirmed() == [second]
    assert not box.confirm(first.receipt)
    assert box.refuse(second.receipt, "not here")
    assert (second.done.is_set(), second.refusal) == (True, "not here")
    third = box.add(HERE, b"3", {})
    box.forget(third)
    assert (box.unconfirmed(), third.done.is_set()) == ([], False)


def test_it_is_sent_once_on_a_link_and_again_on_the_next() -> None:
    box, wire = Outbox(), Wire()
    pending = box.add(HERE, b"x", {})
    for link, times in ((1, 1), (1, 1), (2, 2), (1, 2), (2, 2), (4, 3)):
        box.transmit(pending, link, wire)
        assert len(wire.sent) == times


def test_who_waited_for_room_is_sent_once_on_a_link_too(clock: Clock) -> None:
    box, wire = Outbox(), Wire()
    pending = box.add(HERE, b"x", {})
    box.transmit(pending, 1, wire)
    box.hold(pending.receipt)
    clock.now += ROOM_S
    for _ in range(2):
        box.transmit(pending, 1, wire)
    assert (len(wire.sent), pending.held) == (2, False)


def test_a_message_that_ends_every_connection_is_given_up(clock: Clock) -> None:
    box, wire = Outbox(), Wire()
    poison = box.add(HERE, b"poison", {})
    for link in range(1, TRANSMISSIONS + 1):
        box.transmit(poison, link, wire)
        clock.now += HELD_BACK_S
    assert not poison.done.is_set()
    box.transmit(poison, TRANSMISSIONS + 1, wire)
    assert len(wire.sent) == TRANSMISSIONS
    assert poison.refusal == f"the connection was lost {TRANSMISSIONS} times while sending it"
    assert box.unconfirmed() == []


def test_a_connection_that_lived_on_was_not_lost_by_the_message(clock: Clock) -> None:
    box, wire = Outbox(), Wire()
    held_back = box.add(HERE, b"patient", {})
    for link in range(1, 3 * TRANSMISSIONS + 1):
        box.transmit(held_back, link, wire)
        clock.now += HELD_BACK_S + 0.1
    assert len(wire.sent) == 3 * TRANSMISSIONS
    assert held_back.waited_s() == pytest.approx(HELD_BACK_S + 0.1)


def test_one_message_finds_out_for_all_whether_there_is_room(clock: Clock) -> None:
    box, wire = Outbox(), Wire()
    waiting = [box.add(HERE, bytes([number]), {}) for number in range(3)]
    elsewhere = box.add(THERE, b"other", {})
    box.transmit(waiting[0], 1, wire)
    assert box.hold(waiting[0].receipt) == HERE
    assert box.hold(waiting[0].receipt) is None, "this is known already"
    assert box.hold("of nobody") is None
    for pending in (*waiting[1:], elsewhere):
        box.transmit(pending, 1, wire)
    assert wire.bodies == [b"\0", b"other"]
    assert box.waiting(lives=False) == [HERE]
    clock.now += ROOM_S
    for pending in waiting:
        box.transmit(pending, 1, wire)
    assert wire.bodies == [b"\0", b"other", b"\0"]
    assert box.freed(HERE) == [], "it is not known yet that there is room"
    box.transmit(away := box.add(THERE, b"away", {}), 1, wire)
    assert box.hold(away.receipt) == THERE
    assert box.confirm(waiting[0].receipt)
    box.transmit(box.add(HERE, b"under way", {}), 1, wire)
    assert box.freed(HERE) == waiting[1:]
    assert box.freed(HERE) == []
    for pending in waiting[1:]:
        box.transmit(pending, 1, wire)
    assert wire.bodies[-2:] == [b"\1", b"\2"]
    assert not any(pending.held for pending in waiting[1:])


def test_finding_no_room_is_no_lost_connection(clock: Clock) -> None:
    box, wire = Outbox(), Wire()
    pending = box.add(HERE, b"x", {})
    for _ in range(2 * TRANSMISSIONS):
        box.transmit(pending, 1, wire)
        box.hold(pending.receipt)
        clock.now += ROOM_S
    assert (len(wire.sent), pending.done.is_set()) == (2 * TRANSMISSIONS, False)


def test_producers_that_wait_are_told_of_if_the_broker_lives(clock: Clock) -> None:
    box = Outbox()
    for destination, body in itertools.product((THERE, HERE), (b"1", b"2")):
        box.add(destination, body, {}).said_at = clock.now
    clock.now += HELD_BACK_S
    assert box.waiting(lives=True) == []
    clock.now += 0.1
    assert box.waiting(lives=True) == [HERE, THERE]
    assert box.waiting(lives=False) == []


def test_what_was_never_sent_has_not_waited(clock: Clock) -> None:
    assert Outbox().add(HERE, b"x", {}).waited_s() == 0
