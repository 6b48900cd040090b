"""How a bus is closed: it says goodbye, waits for the answer and not for ever, and leaves nothing running."""

import threading

import pytest
from bus_brokers import PATIENCE_S
from scripted_broker import ScriptedBroker, aside

from swf_testbed.bus import Subscription
from swf_testbed.bus import keeper as linking
from swf_testbed.bus import link as links
from swf_testbed.bus import stomp_bus as buses
from swf_testbed.model.errors import Unavailable

pytestmark = pytest.mark.timeout(300)

QUEUE = "/queue/test.parting"


def test_closing_waits_for_no_further_try(scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_RETRY_S", "LAST_RETRY_S"):
        monkeypatch.setattr(linking, name, 3600.0)
    monkeypatch.setattr(linking, "_END_S", 3600.0)
    bus, peer = scripted.linked()
    peer.hang_up()
    aside(bus.close).result(PATIENCE_S)


def test_it_says_goodbye_and_waits_until_the_broker_has_heard(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_PARTING_S", 3600.0)
    monkeypatch.setattr(buses, "LOOK_S", 0.05)
    before = keepers()
    bus, peer = scripted.linked()
    assert [thread.daemon for thread in keepers() - before] == [True], "no program waits for it"
    inbox = bus.subscribe(Subscription(QUEUE))
    peer.hear("SUBSCRIBE")
    unconfirmed = aside(lambda: bus.publish_body(QUEUE, b"x", {}))
    peer.hear("SEND")
    closing = aside(bus.close)
    parting = peer.hear("DISCONNECT")
    assert not closing.done()
    peer.confirm(parting)
    closing.result(PATIENCE_S)
    assert peer.rest() == []
    with pytest.raises(Unavailable, match=f"^no receipt for a message to {QUEUE}: no answer$"):
        unconfirmed.result(PATIENCE_S)
    assert (inbox.closed, inbox.take(), bus.connected) == (True, [], False)
    assert keepers() == before
    with pytest.raises(Unavailable, match=r"^the bus is closed$"):
        bus.publish_body(QUEUE, b"x", {})
    bus.close()


def test_a_broker_that_does_not_answer_the_goodbye_does_not_keep_us(
    scripted: ScriptedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_PARTING_S", 0.1)
    bus, peer = scripted.linked()
    aside(bus.close).result(PATIENCE_S)
    assert peer.rest() == ["DISCONNECT"]


def keepers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "bus-keeper"}
