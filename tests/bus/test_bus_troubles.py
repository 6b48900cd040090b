"""What goes wrong at a broker: what its users are told, what is tried again, and when."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import pytest
from bus_brokers import PATIENCE_S
from scripted_broker import Peer, ScriptedBroker, aside
from set_clock import Clock

from swf_testbed.bus import StompBus
from swf_testbed.bus import keeper as keepers
from swf_testbed.bus import link as links
from swf_testbed.bus import outbox as outboxes
from swf_testbed.bus import stomp_bus as buses
from swf_testbed.bus.link import Ears, Link
from swf_testbed.model.errors import Refused, Unavailable

pytestmark = pytest.mark.timeout(300)

QUEUE, OTHER = "/queue/test.troubles", "/queue/test.other"
FULL = "Usage Manager Memory Limit reached"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buses, "LOOK_S", 0.05)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of what is under way."""
    clock = Clock(time.monotonic())
    monkeypatch.setattr(outboxes, "time", clock)
    return clock


def publishing(bus: StompBus, body: bytes, destination: str = QUEUE) -> "Future[None]":
    return aside(lambda: bus.publish_body(destination, body, {}))


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    return [
        (one.levelno, one.getMessage())
        for one in caplog.records
        if one.name in {"swf_testbed.bus.keeper", "swf_testbed.bus.stomp_bus"}
    ]


def welcome_back(scripted: ScriptedBroker, bus: StompBus) -> Peer:
    peer = scripted.accept()
    peer.welcome()
    assert bus.wait_connected(PATIENCE_S)
    return peer


def test_a_refusal_is_told_once_with_its_reason_and_its_end(
    scripted: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "swf_testbed.bus")
    bus = scripted.bus()
    for _ in range(3):
        peer = scripted.accept()
        peer.hear("STOMP")
        peer.say("ERROR", {"message": " wrong password "}, b"a long story")
        peer.rest()
    place = f"127.0.0.1:{scripted.address.port}"
    told = f"broker {place} did not accept us: wrong password"
    assert (bus.last_error, bus.connected) == (told, False)
    with pytest.raises(Unavailable, match=f"^no receipt for a message to {QUEUE}: {told}$"):
        bus.publish_body(QUEUE, b"x", {}, timeout_s=0.0)
    welcome_back(scripted, bus)
    assert bus.last_error == ""
    assert said(caplog) == [
        (logging.WARNING, f"{told}; trying again"),
        (logging.INFO, f"broker {place} is back"),
    ]


def test_a_first_connection_is_nothing_to_tell(
    scripted: ScriptedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "swf_testbed.bus")
    bus, _ = scripted.linked()
    assert (bus.last_error, said(caplog)) == ("", [])


def test_a_reason_may_stand_in_the_body(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.bus(), scripted.accept()
    peer.hear("STOMP")
    peer.say("ERROR", {}, b"\xffno\n")
    peer.rest()
    scripted.accept()
    assert bus.last_error.endswith("did not accept us: \ufffdno")


@pytest.mark.parametrize("silent", [True, False])
def test_a_broker_that_says_nothing_does_not_answer(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr(links, "CONNECT_TIMEOUT_S", 0.2 if silent else 3600.0)
    bus = scripted.bus()
    peer = scripted.accept()
    peer.hear("STOMP")
    if not silent:
        peer.hang_up()
    elif peer.rest():
        pytest.fail("it says more to who does not take it in")
    scripted.accept()
    assert bus.last_error == f"broker 127.0.0.1:{scripted.address.port} did not accept us: no answer"


def test_where_nobody_listens_is_said(scripted: ScriptedBroker) -> None:
    scripted.close()
    with pytest.raises(Unavailable) as told:
        Link(scripted.address, None, 1, Ears(*[lambda *_: None] * 5))
    assert str(told.value) == f"broker 127.0.0.1:{scripted.address.port} did not accept us: no answer"


def test_tries_become_rarer_while_links_do_not_last(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keepers, "FIRST_RETRY_S", 0.02)
    monkeypatch.setattr(keepers, "LAST_RETRY_S", 0.1)
    scripted.bus()
    gone, waits = 0.0, []
    for _ in range(6):
        peer = scripted.accept()
        waits.append(time.monotonic() - gone)
        peer.welcome()
        gone = time.monotonic()
        peer.hang_up()
    for waited, least in zip(waits[1:], (0.02, 0.04, 0.08, 0.1, 0.1), strict=True):
        assert waited >= 0.9 * least


def test_after_a_link_that_lasted_the_next_is_made_at_once(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in (("FIRST_RETRY_S", 3600.0), ("LAST_RETRY_S", 3600.0), ("LASTING_S", 0.0)):
        monkeypatch.setattr(keepers, name, seconds)
    bus, peer = scripted.linked()
    peer.hang_up()
    welcome_back(scripted, bus)


def test_a_message_that_the_broker_refuses_is_given_back_with_the_reason(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    refused = publishing(bus, b"refused")
    sent = peer.hear("SEND")
    kept = publishing(bus, b"kept")
    assert peer.hear("SEND").body == b"kept"
    peer.say("ERROR", {"message": "not for you", "receipt-id": sent.headers["receipt"]})
    with pytest.raises(Refused, match=f"^the broker refuses a message to {QUEUE}: not for you$"):
        refused.result(PATIENCE_S)
    assert bus.last_error == "", "it is told to whom it concerns"
    peer.hang_up()
    again = welcome_back(scripted, bus)
    only = again.hear("SEND")
    assert only.body == b"kept"
    again.confirm(only)
    kept.result(PATIENCE_S)


def test_what_is_said_while_a_new_link_begins_is_said_once(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, said_again = threading.Event(), threading.Event()
    say_again = StompBus._say_again

    def later(bus: StompBus) -> None:
        assert under_way.wait(PATIENCE_S)
        say_again(bus)
        said_again.set()

    monkeypatch.setattr(StompBus, "_say_again", later)
    bus, peer = scripted.linked()
    first = publishing(bus, b"first")
    sent = peer.hear("SEND")
    under_way.set()
    assert said_again.wait(PATIENCE_S)
    second = publishing(bus, b"second")
    after = peer.hear("SEND")
    assert (sent.body, after.body) == (b"first", b"second")
    for one in (sent, after):
        peer.confirm(one)
    first.result(PATIENCE_S)
    second.result(PATIENCE_S)


def test_an_error_of_no_message_is_told(scripted: ScriptedBroker, caplog: pytest.LogCaptureFixture) -> None:
    bus, peer = scripted.linked()
    peer.say("ERROR", {"message": "I go home"})
    peer.hang_up()
    again = scripted.accept()
    assert bus.last_error == "broker says: I go home"
    assert said(caplog) == [(logging.WARNING, "broker says: I go home; trying again")]
    again.welcome()
    assert bus.wait_connected(PATIENCE_S)
    assert bus.last_error == ""


def test_what_finds_no_room_waits_and_goes_when_one_has_found_some(
    scripted: ScriptedBroker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    bus, peer = scripted.linked()
    waiting = [publishing(bus, b"first")]
    sent = peer.hear("SEND")
    assert bus.held_back == []
    peer.say("ERROR", {"message": FULL, "receipt-id": sent.headers["receipt"]})
    peer.hang_up()
    again = welcome_back(scripted, bus)
    assert bus.held_back == [QUEUE]
    told = f"{QUEUE} is full; what is said to it waits until there is room"
    assert said(caplog) == [(logging.WARNING, told)]
    assert bus.last_error == ""
    waiting.append(publishing(bus, b"second"))
    elsewhere = publishing(bus, b"elsewhere", OTHER)
    other = again.hear("SEND")
    assert other.body == b"elsewhere"
    again.confirm(other)
    elsewhere.result(PATIENCE_S)
    clock.now += outboxes.ROOM_S
    tried = again.hear("SEND")
    again.confirm(tried)
    after = again.hear("SEND")
    assert {tried.body, after.body} == {b"first", b"second"}
    again.confirm(after)
    for one in waiting:
        one.result(PATIENCE_S)
    assert bus.held_back == []


def test_no_room_before_we_are_taken_in_is_a_refusal(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.bus(), scripted.accept()
    peer.hear("STOMP")
    peer.say("ERROR", {"message": FULL})
    peer.rest()
    scripted.accept()
    assert bus.last_error.endswith(f"did not accept us: {FULL}")


def test_a_broker_that_stands_still_is_left_and_the_message_said_again(
    scripted: ScriptedBroker, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(buses, "time", clock)
    bus, peer = scripted.linked()
    saying = publishing(bus, b"x")
    sent = peer.hear("SEND")
    clock.now += 3600
    assert peer.rest() == [], "it hangs up"
    told = f"BrokerAddress(127.0.0.1:{scripted.address.port} as nobody) gave no receipt for 15 s"
    assert said(caplog) == [(logging.WARNING, f"{told}; trying again")]
    again = welcome_back(scripted, bus)
    assert again.hear("SEND") == sent
    again.confirm(sent)
    saying.result(PATIENCE_S)


def test_a_broker_that_lives_and_confirms_nothing_holds_us_back(
    scripted: ScriptedBroker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buses, "RECEIPT_TIMEOUT_S", 3600.0)
    bus, peer = scripted.linked()
    saying = publishing(bus, b"x")
    sent = peer.hear("SEND")
    clock.now += 1000
    lives = Clock(clock.now)
    monkeypatch.setattr(links, "time", lives)
    monkeypatch.setattr(buses, "time", lives)
    for sign in (b"\n", b"RECEIPT\nreceipt-id:other\n\n\0", b"MESSAGE\nsubscription:other\n\n\0"):
        lives.now += buses.RECEIPT_TIMEOUT_S
        assert bus.held_back == []
        peer.connection.sendall(sign)
        until(lambda: bus.held_back == [QUEUE], saying)
    clock.now += buses.RECEIPT_TIMEOUT_S
    with pytest.raises(TimeoutError):
        saying.result(5 * buses.LOOK_S)  # that it does not leave has no event to wait for
    peer.confirm(sent)
    saying.result(PATIENCE_S)
    assert bus.held_back == []


def until(so: Callable[[], bool], saying: "Future[None]") -> None:
    for _ in range(int(PATIENCE_S / 0.02)):
        if so():
            return
        with suppress(TimeoutError):
            saying.result(0.02)
    raise AssertionError("it is never so")


def test_a_link_that_breaks_while_something_is_said_is_made_again(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    peer.connection.shutdown(socket.SHUT_WR)  # it says no more, and reads on
    again = welcome_back(scripted, bus)
    saying = publishing(bus, b"x")
    again.confirm(again.hear("SEND"))
    saying.result(PATIENCE_S)


def test_those_who_speak_when_the_link_breaks_are_all_heard_by_the_next(scripted: ScriptedBroker) -> None:
    """stomp.py fails with an error of its own inside then."""
    bus, peer = scripted.linked()
    large = bytes(4_000_000)
    saying = [publishing(bus, large) for _ in range(4)]
    assert peer.connection.recv(1) == b"S", "and no more: who does not speak waits to speak"
    peer.hang_up()
    again = welcome_back(scripted, bus)
    sent = [again.hear("SEND") for _ in saying]
    for one in sent:
        assert one.body == large
        again.confirm(one)
    for said_again in saying:
        said_again.result(PATIENCE_S)
