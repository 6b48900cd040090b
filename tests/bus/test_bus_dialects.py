"""What is said to each kind of broker; that they understand it is shown on the real ones, beside this."""

import time

import pytest

from swf_testbed.bus import Subscription
from swf_testbed.bus.dialects import Artemis, Dialect, dialect_of
from swf_testbed.model import destinations

TOPIC, QUEUE = destinations.EVENTS, destinations.slices("here")


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("ActiveMQ-Artemis/2.40.0 ActiveMQ Artemis Messaging Engine", "ActiveMQ Artemis"),
        ("ActiveMQ/5.17.2", "ActiveMQ Classic"),
        ("swf-testbed/0.1", "ActiveMQ Classic"),
        ("an ActiveMQ-Artemis of old", "ActiveMQ Classic"),
        ("", "ActiveMQ Classic"),
    ],
    ids=["new", "old", "ours", "alike", "nameless"],
)
def test_a_broker_is_known_by_what_it_calls_itself(server: str, name: str) -> None:
    assert dialect_of(server).name == name


def test_a_subscription_is_told_in_the_words_of_the_broker() -> None:
    asked = Subscription(TOPIC, durable="me", selector="namespace = 'here'", prefetch=7)
    assert Dialect().hearing(asked, "look") == {
        "activemq.prefetchSize": "7",
        "activemq.subscriptionName": "me",
        "selector": "namespace = 'here'",
    }
    look = Subscription(QUEUE, browse=True)
    assert Dialect().hearing(look, "look") == {"activemq.prefetchSize": "1000", "browser": "true"}


def test_a_broker_whose_names_make_no_kind_is_told_it_and_a_window_in_bytes() -> None:
    asked = Subscription(TOPIC, durable="me", selector="namespace = 'here'", prefetch=7)
    assert Artemis().hearing(asked, "look") == {
        "subscription-type": "MULTICAST",
        "consumer-window-size": str(7 * 4096),
        "durable-subscription-name": "me",
        "selector": "namespace = 'here'",
    }
    one_by_one = Artemis().hearing(Subscription(QUEUE, prefetch=1), "look")
    assert one_by_one == {"subscription-type": "ANYCAST", "consumer-window-size": "0"}
    assert Artemis().hearing(Subscription(QUEUE, browse=True), "look") == {
        "subscription-type": "ANYCAST",
        "consumer-window-size": "-1",
        "selector": "swf_look IS NULL OR swf_look = 'look'",
    }


def test_what_is_said_again_is_known_by_its_receipt() -> None:
    said = Artemis().saying(QUEUE, {"receipt": "r-1"})
    assert said == {"destination-type": "ANYCAST", "_AMQ_DUPL_ID": "r-1"}
    assert Artemis().saying(TOPIC, {}) == {"destination-type": "MULTICAST"}
    assert Dialect().saying(QUEUE, {"receipt": "r-1"}) == {}


def test_what_was_for_the_broker_alone_is_not_heard() -> None:
    came = {"run_id": "7", "receipt": "r-1", "destination-type": "ANYCAST", "_AMQ_DUPL_ID": "r-1"}
    assert Artemis().heard(came) == {"run_id": "7"}
    assert Dialect().heard(came) == came


def test_a_look_ends_as_the_broker_can_end_it() -> None:
    assert (Artemis().marks, Dialect().marks) == (True, False)
    mark = Artemis().mark("mine")
    assert (mark["swf_look"], mark["persistent"]) == ("mine", "false")
    assert 0 < int(mark["expires"]) / 1000 - time.time() <= 60
    assert Artemis().is_end(mark)
    assert not Artemis().is_end({"browser": "end"})
    assert Dialect().is_end({"browser": "end"})
    assert not Dialect().is_end({"browser": "true", "swf_look": "mine"})
    with pytest.raises(NotImplementedError, match=r"^ActiveMQ Classic ends a look by itself: mine$"):
        Dialect().mark("mine")


@pytest.mark.parametrize(
    ("dialect", "error", "lacks"),
    [
        (Dialect(), "Usage Manager Memory Limit reached", True),
        (Dialect(), "Persistent store is Full, 100% of 48000000", True),
        (Dialect(), "Temp Store is Full (0% of 1)", True),
        (Dialect(), "User guest is not authorized", False),
        (Dialect(), "said: Usage Manager Memory Limit reached", False),
        (Artemis(), "AMQ339011: could not send message", True),
        (Artemis(), "AMQ229032: user guest has no permission", False),
    ],
)
def test_no_room_is_told_from_what_is_not_allowed(dialect: Dialect, error: str, lacks: bool) -> None:
    assert dialect.lacks_room(error) is lacks
