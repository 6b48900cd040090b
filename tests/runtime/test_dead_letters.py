"""Dead letters on the real embedded broker: listed where they are, and sent again from there."""

from datetime import UTC, datetime

import pytest

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Bus, Delivery, Subscription
from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadData, BadInput, Unavailable
from swf_testbed.runtime import dead_letters
from swf_testbed.runtime.dead_letters import DeadLetter, bury, list_dead_letters, resend

NAMESPACE, HOME = "here", destinations.slices("here")
GIVEN = {"msg_type": "slice", "namespace": NAMESPACE, "run_id": "7"}


def _fail(bus: Bus, name: str, error: Exception, origin: str = HOME) -> None:
    headers = {**GIVEN, "swf-message-id": name, "ack": "1-2", "redelivered": "true"}
    failed = Delivery(origin, headers, f"body of {name}".encode())
    bury(bus, failed, namespace=NAMESPACE, agent="worker-1", error=error)


def _arrived(bus: Bus, count: int) -> list[Delivery]:
    inbox = bus.subscribe(Subscription(HOME))
    found: list[Delivery] = []
    while len(found) < count and (batch := inbox.take(count, timeout_s=60)):
        found += batch
    inbox.ack(found)
    assert inbox.take(1, timeout_s=0.1) == []
    inbox.close()
    return found


def test_a_letter_says_who_failed_on_it_when_and_why(bus: Bus) -> None:
    before = now()
    _fail(bus, "first", BadData("spoilt"))
    [letter] = list_dead_letters(bus, NAMESPACE)
    assert (letter.id, letter.msg_type, letter.agent) == ("first", "slice", "worker-1")
    assert (letter.error, letter.origin, letter.body) == ("BadData: spoilt", HOME, b"body of first")
    assert letter.failed is not None
    assert before.replace(microsecond=0) <= letter.failed <= now()
    assert letter.headers == {**GIVEN, "swf-message-id": "first", "persistent": "true"}


def test_an_error_without_end_is_cut(bus: Bus) -> None:
    _fail(bus, "first", ValueError("x" * 5000))
    [letter] = list_dead_letters(bus, NAMESPACE)
    assert letter.error == "ValueError: " + "x" * 988


def test_they_are_listed_in_order_and_stay_where_they_are(bus: Bus) -> None:
    assert list_dead_letters(bus, NAMESPACE) == []
    names = [f"message {number}" for number in range(5)]
    for name in names:
        _fail(bus, name, ValueError("no"))
    for _ in range(2):
        assert [letter.id for letter in list_dead_letters(bus, NAMESPACE)] == names
    assert list_dead_letters(bus, "elsewhere") == []


def test_those_that_are_wanted_go_to_where_they_were_first_sent(bus: Bus) -> None:
    for name in "abc":
        _fail(bus, name, ValueError("no"))
    letters = {letter.id: letter for letter in list_dead_letters(bus, NAMESPACE)}
    sent = resend(bus, NAMESPACE, [letters["a"], letters["c"]])
    assert sorted(letter.id for letter in sent) == ["a", "c"]
    arrived = _arrived(bus, 2)
    assert sorted(one.body for one in arrived) == [b"body of a", b"body of c"]
    for one in arrived:
        assert GIVEN.items() <= one.headers.items()
        assert not {name for name in one.headers if name in {"swf-error", "swf-agent", "swf-failed-at"}}
        assert one.headers["swf-message-id"] in {"a", "c"}
    assert [letter.id for letter in list_dead_letters(bus, NAMESPACE)] == ["b"]


def test_one_that_says_not_where_to_keeps_all_from_being_sent(bus: Bus) -> None:
    _fail(bus, "homeless", ValueError("no"), origin="")
    _fail(bus, "other", ValueError("no"))
    with pytest.raises(BadInput) as refused:
        resend(bus, NAMESPACE, list_dead_letters(bus, NAMESPACE))
    assert str(refused.value) == "dead letter = 'homeless': does not say where it was first sent"
    assert [letter.id for letter in list_dead_letters(bus, NAMESPACE)] == ["homeless", "other"]


def test_of_very_many_the_last_is_listed_and_sent_too(bus: Bus) -> None:
    queue = destinations.dead_letters(NAMESPACE)
    for number in range(1100):
        said = {**GIVEN, "swf-message-id": str(number), "swf-destination": HOME, "persistent": "true"}
        bus.publish_body(queue, str(number).encode(), said, wait=False)
    _fail(bus, "last", ValueError("no"))  # returns when the broker has all of them
    letters = list_dead_letters(bus, NAMESPACE)
    assert [letter.id for letter in letters] == [*map(str, range(1100)), "last"]
    assert [letter.id for letter in resend(bus, NAMESPACE, letters[-1:])] == ["last"]
    assert [one.body for one in _arrived(bus, 1)] == [b"body of last"]
    assert len(list_dead_letters(bus, NAMESPACE)) == 1100


def test_a_broker_that_does_not_show_them_is_said(
    bus: Bus, broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "_ANSWER_S", 0.2)
    _fail(bus, "kept", ValueError("no"))
    [letter] = list_dead_letters(bus, NAMESPACE)
    broker.stop()
    queue = destinations.dead_letters(NAMESPACE)
    with pytest.raises(Unavailable, match=f"^the broker did not show {queue} within 0 s$"):
        list_dead_letters(bus, NAMESPACE)
    with pytest.raises(Unavailable, match=r"^1 of 1 messages were not handed out; try again$"):
        resend(bus, NAMESPACE, [letter])
    broker.start()
    assert bus.wait_connected(60)
    assert [one.id for one in list_dead_letters(bus, NAMESPACE)] == ["kept"]


def test_what_somebody_else_took_meanwhile_is_said(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_ANSWER_S", 0.5)
    for name in "ab":
        _fail(bus, name, ValueError("no"))
    letters = list_dead_letters(bus, NAMESPACE)
    resend(bus, NAMESPACE, letters[:1])
    with pytest.raises(Unavailable, match=r"^1 of 2 messages were not handed out; try again$"):
        resend(bus, NAMESPACE, letters)
    assert list_dead_letters(bus, NAMESPACE) == []
    assert sorted(one.body for one in _arrived(bus, 2)) == [b"body of a", b"body of b"]


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        ("2026-11-28T10:00:00Z", datetime(2026, 11, 28, 10, tzinfo=UTC)),
        ("2026-11-28T10:00:00", None),
        ("at noon", None),
        ("", None),
    ],
)
def test_anybody_may_have_written_there(said: str, failed: datetime | None) -> None:
    strange = DeadLetter.of(Delivery(HOME, {"message-id": "17", "swf-failed-at": said}, b""))
    assert strange.failed == failed
    assert (strange.id, strange.msg_type, strange.error, strange.agent, strange.origin) == ("17",) + ("",) * 4
    bare = DeadLetter.of(Delivery(HOME, {}, b""))
    assert (bare.id, bare.failed_at, bare.failed) == ("", "", None)
