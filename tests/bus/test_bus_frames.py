"""What a bus says to a broker, frame by frame, and what it makes of the answers."""

import threading
from concurrent.futures import Future

import pytest
from bus_brokers import PATIENCE_S
from scripted_broker import Peer, ScriptedBroker, aside

from swf_testbed.bus import StompBus, Subscription
from swf_testbed.bus import stomp_bus as buses
from swf_testbed.messages import StartRun, decode
from swf_testbed.model import destinations
from swf_testbed.model.errors import BadInput, Unavailable

pytestmark = pytest.mark.timeout(300)

QUEUE, TOPIC = "/queue/test.frames", destinations.EVENTS
WORD = "of the lab"
ARTEMIS = "ActiveMQ-Artemis/2.40.0 ActiveMQ Artemis Messaging Engine"


def start_run(number: int) -> StartRun:
    return StartRun(namespace="here", sender="test", run_id=number, simulation_tick=0.0)


def publishing(bus: StompBus, body: bytes, destination: str = QUEUE, **said: str) -> "Future[None]":
    return aside(lambda: bus.publish_body(destination, body, said))


def deliver(peer: Peer, subscription: str, ack: str, body: bytes = b"", **more: str) -> None:
    peer.say("MESSAGE", {"subscription": subscription, "ack": ack, "destination": QUEUE, **more}, body)


def test_it_says_who_it_is_and_what_it_can(scripted: ScriptedBroker) -> None:
    scripted.bus("role", user="swf", password=WORD)
    asked = scripted.accept().welcome()
    assert asked.headers == {
        "accept-version": "1.2",
        "host": "127.0.0.1",
        "login": "swf",
        "passcode": WORD,
        "client-id": "role",
        "heart-beat": "10000,10000",
    }


def test_without_a_name_it_gives_none(scripted: ScriptedBroker) -> None:
    scripted.bus()
    assert "client-id" not in scripted.accept().welcome().headers


def test_a_subscription_is_confirmed_by_its_own_receipt(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    first, second = (bus.subscribe(Subscription(name, prefetch=7)) for name in (QUEUE, TOPIC))
    asked, other = peer.hear("SUBSCRIBE"), peer.hear("SUBSCRIBE")
    assert asked.headers == {
        "destination": QUEUE,
        "id": asked.headers["receipt"],
        "ack": "client-individual",
        "activemq.prefetchSize": "7",
        "receipt": asked.headers["receipt"],
    }
    assert (other.headers["destination"], other.headers["id"]) == (TOPIC, other.headers["receipt"])
    peer.confirm(other)
    assert second.wait_established(PATIENCE_S)
    assert not first.wait_established(0)
    first.close()
    first.close()
    assert peer.hear("UNSUBSCRIBE").headers == {"id": asked.headers["id"]}
    # Later ones have names of their own, and what was closed is not asked for again.
    bus.subscribe(Subscription(QUEUE))
    again = peer.hear("SUBSCRIBE").headers["id"]
    assert again not in {asked.headers["id"], other.headers["id"]}
    peer.hang_up()
    returned = scripted.accept()
    returned.welcome()
    names = [returned.hear("SUBSCRIBE").headers["id"] for _ in range(2)]
    assert names == [other.headers["id"], again]


def test_a_queue_has_no_selector(scripted: ScriptedBroker) -> None:
    with pytest.raises(BadInput) as refused:
        scripted.bus().subscribe(Subscription(QUEUE, selector="run_id = '7'"))
    assert str(refused.value) == (
        "selector = \"run_id = '7'\": must be of a topic: in a long queue it is blind"
    )


def test_a_delivery_is_as_the_broker_said_and_acknowledged_by_its_own_number(
    scripted: ScriptedBroker,
) -> None:
    bus, peer = scripted.linked()
    inboxes = [bus.subscribe(Subscription(QUEUE)) for _ in range(2)]
    names = [peer.hear("SUBSCRIBE").headers["id"] for _ in inboxes]
    deliver(peer, "of nobody", "0", b"stray")
    deliver(peer, names[1], "1", "é".encode(), colour="red", redelivered="true")
    deliver(peer, names[0], "2", redelivered="false")
    peer.say("MESSAGE", {"subscription": names[0]})
    [first] = inboxes[1].take(timeout_s=PATIENCE_S)
    assert (first.destination, first.body, first.headers["colour"]) == (QUEUE, "é".encode(), "red")
    assert (first.redelivered, first.last, first.ack_id) == (True, False, "1")
    second, bare = inboxes[0].take(2, linger_s=PATIENCE_S, timeout_s=PATIENCE_S)
    assert (second.body, second.redelivered) == (b"", False)
    assert (bare.destination, bare.ack_id, bare.redelivered) == ("", "", False)
    inboxes[0].ack([second])
    inboxes[1].ack([first])
    assert [peer.hear("ACK").headers for _ in range(2)] == [{"id": "2"}, {"id": "1"}]


def test_what_an_earlier_connection_brought_is_dropped_and_not_acknowledged(
    scripted: ScriptedBroker,
) -> None:
    bus, peer = scripted.linked()
    inbox = bus.subscribe(Subscription(QUEUE, prefetch=2))
    name = peer.hear("SUBSCRIBE").headers["id"]
    deliver(peer, name, "1", b"in hand")
    [old] = inbox.take(timeout_s=PATIENCE_S)
    deliver(peer, name, "2", b"not taken")
    # Half a message is none.
    peer.connection.sendall(b"MESSAGE\nsubscription:" + name.encode() + b"\nack:3\n\nhalf")
    peer.hang_up()
    again = scripted.accept()
    again.welcome()
    assert again.hear("SUBSCRIBE").headers["id"] == name
    deliver(again, name, "9", b"in hand")
    [new] = inbox.take(timeout_s=PATIENCE_S)
    assert new.body == b"in hand"
    inbox.ack([old, new])
    assert again.hear("ACK").headers == {"id": "9"}


def test_what_is_said_asks_for_a_receipt_and_has_a_length_only_with_a_nul(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    for body, length in ((b"text", {}), (b"a\0b", {"content-length": "3"}), (b"", {})):
        said = publishing(bus, body, colour="red")
        sent = peer.hear("SEND")
        receipt = sent.headers["receipt"]
        assert sent.headers == {"destination": QUEUE, "colour": "red", "receipt": receipt, **length}
        assert sent.body == body
        assert not said.done()
        peer.say("RECEIPT", {"receipt-id": "another"})
        peer.confirm(sent)
        said.result(PATIENCE_S)


def test_who_does_not_wait_asks_for_no_receipt(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    bus.publish_body(QUEUE, b"maybe", {"colour": "red"}, wait=False)
    sent = peer.hear("SEND")
    assert (sent.body, sent.headers) == (b"maybe", {"destination": QUEUE, "colour": "red"})


def test_what_is_not_confirmed_is_said_again_in_order_with_its_receipt(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked(ARTEMIS)
    inbox = bus.subscribe(Subscription(QUEUE))
    kept = [publishing(bus, b"confirmed")]
    peer.hear("SUBSCRIBE")
    peer.confirm(peer.hear("SEND"))
    kept[0].result(PATIENCE_S)
    sent = []
    for body in (b"1", b"2"):
        kept.append(publishing(bus, body))
        sent.append(peer.hear("SEND"))
    peer.hang_up()
    again = scripted.accept()
    again.welcome(server=ARTEMIS)
    again.confirm(again.hear("SUBSCRIBE"))
    assert inbox.wait_established(PATIENCE_S)
    repeated = [again.hear("SEND") for _ in sent]
    assert repeated == sent
    assert [one.headers["_AMQ_DUPL_ID"] for one in repeated] == [one.headers["receipt"] for one in sent]
    for one, said in zip(repeated, kept[1:], strict=True):
        again.confirm(one)
        said.result(PATIENCE_S)


def test_a_look_that_the_broker_does_not_end_ends_at_a_mark_of_its_own(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked(ARTEMIS)
    look = bus.subscribe(Subscription(QUEUE, browse=True))
    asked, mark = peer.hear("SUBSCRIBE"), peer.hear("SEND")
    named = mark.headers["swf_look"]
    assert asked.headers["selector"] == f"swf_look IS NULL OR swf_look = '{named}'"
    assert (mark.headers["destination"], mark.headers["destination-type"]) == (QUEUE, "ANYCAST")
    assert ("receipt" in mark.headers, mark.body) == (False, b"")
    name = asked.headers["id"]
    deliver(peer, name, "1", b"seen", receipt="of the sender")
    deliver(peer, name, "2", swf_look=named)
    seen, end = look.take(2, linger_s=PATIENCE_S, timeout_s=PATIENCE_S)
    assert (seen.body, seen.last, end.last) == (b"seen", False, True)
    assert "receipt" not in seen.headers
    assert peer.hear("ACK").headers == {"id": "2"}, "only the mark is taken"
    for another, its in ((bus, peer), scripted.linked(ARTEMIS)):
        another.subscribe(Subscription(QUEUE, browse=True))
        its.hear("SUBSCRIBE")
        assert its.hear("SEND").headers["swf_look"] != named
    # Who does not look needs no mark.
    bus.subscribe(Subscription(QUEUE))
    peer.hear("SUBSCRIBE")
    bus.publish_body(QUEUE, b"next", {}, wait=False)
    assert peer.hear("SEND").body == b"next"


def test_other_brokers_end_a_look_themselves(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    look = bus.subscribe(Subscription(QUEUE, browse=True))
    name = peer.hear("SUBSCRIBE").headers["id"]
    deliver(peer, name, "1", b"seen")
    deliver(peer, name, "", browser="end")
    bus.publish_body(QUEUE, b"next", {}, wait=False)
    assert [one.last for one in look.take(2, linger_s=PATIENCE_S, timeout_s=PATIENCE_S)] == [False, True]
    assert peer.hear("SEND").body == b"next"


def test_many_are_under_way_at_once_and_no_more_than_a_window(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buses, "WINDOW", 3)
    bus, peer = scripted.linked()
    drawn = threading.Semaphore(0)

    def messages() -> object:
        for number in range(5):
            yield start_run(number)
            drawn.release()

    said = aside(lambda: bus.publish_many(messages()))  # type: ignore[arg-type]
    sent = [peer.hear("SEND") for _ in range(3)]
    assert [decode(one.body).run_id for one in sent] == [0, 1, 2]
    assert {one.headers["msg_type"] for one in sent} == {"start_run"}
    # What another says now comes before the fourth.
    bus.publish_body(QUEUE, b"between", {}, wait=False)
    assert peer.hear("SEND").body == b"between"
    peer.confirm(sent[0])
    sent += [peer.hear("SEND")]
    peer.confirm(sent[1])
    sent += [peer.hear("SEND")]
    for one in sent[2:]:
        assert not said.done()
        peer.confirm(one)
    said.result(PATIENCE_S)
    assert [decode(one.body).run_id for one in sent] == list(range(5))


def test_what_nobody_waits_for_any_more_is_not_said_again(scripted: ScriptedBroker) -> None:
    bus, peer = scripted.linked()
    with pytest.raises(Unavailable, match=f"^no receipt for a message to {QUEUE}: no answer$"):
        bus.publish_body(QUEUE, b"given up", {}, timeout_s=0.1)
    assert peer.hear("SEND").body == b"given up"
    peer.hang_up()
    again = scripted.accept()
    again.welcome()
    assert bus.wait_connected(PATIENCE_S)
    publishing(bus, b"next")
    assert again.hear("SEND").body == b"next"
