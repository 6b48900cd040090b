"""Asking over the bus, and what the broker tells of its queues, on the real embedded broker."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import uuid4

import pytest

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Bus, Delivery, Subscription
from swf_testbed.messages import Reply, StatusRequest, encode, headers
from swf_testbed.messages import decode as understood
from swf_testbed.model.destinations import slices, workflow_control
from swf_testbed.model.errors import Refused, Unavailable
from swf_testbed.runtime import broker_counts
from swf_testbed.runtime.asking import ask
from swf_testbed.runtime.broker_counts import BrokerCounts

COMMANDS = workflow_control("here")
QUESTION = StatusRequest(namespace="here", sender="asker")


def _queues(broker: RunningBroker, start: str) -> dict[str, dict[str, int]]:
    told = cast(dict[str, dict[str, int]], broker.statistics()["destinations"])
    return {name: counts for name, counts in told.items() if name.startswith(start)}


def _reply(asked: StatusRequest, **said: Any) -> Reply:
    answered = {"correlation_id": asked.correlation_id, "ok": True, "done": {}, **said}
    return Reply(namespace="here", sender="runner", **answered)


@contextmanager
def answering(bus: Bus, *answers: Callable[[StatusRequest], Reply | StatusRequest]) -> Iterator[None]:
    """Somebody takes one command, and says so much to it."""
    inbox = bus.subscribe(Subscription(COMMANDS))

    def serve() -> None:
        [taken] = inbox.take(timeout_s=60)
        asked = understood(taken.body)
        assert isinstance(asked, StatusRequest)
        assert asked.reply_to is not None
        for answer in answers:
            said = answer(asked)
            bus.publish_body(asked.reply_to, encode(said), headers(said))
        inbox.ack([taken])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        inbox.close()


def test_who_asks_gets_what_was_done(bus: Bus) -> None:
    with answering(bus, lambda asked: _reply(asked, done={"running": [asked.sender, str(asked.namespace)]})):
        assert ask(bus, QUESTION, "the runner", 20) == {"running": ["asker", "here"]}


def test_the_answer_is_the_one_to_this_question(bus: Bus, broker: RunningBroker) -> None:
    with answering(
        bus,
        lambda asked: _reply(asked, correlation_id=uuid4(), done={"of": "another"}),
        lambda asked: asked,  # no answer at all
        lambda asked: _reply(asked, done={"of": "this"}),
    ):
        assert ask(bus, QUESTION, "the runner", 20) == {"of": "this"}
    bus.close()
    [replies] = _queues(broker, "/queue/swf.replies.asker-").values()
    assert (replies["queued"], replies["in_flight"], replies["dequeued"]) == (0, 0, 3)


def test_a_refusal_is_raised_in_the_words_of_who_refuses(bus: Bus) -> None:
    with (
        answering(bus, lambda asked: _reply(asked, ok=False, error="stop the run first")),
        pytest.raises(Refused, match=r"^the runner refuses: stop the run first$"),
    ):
        ask(bus, QUESTION, "the runner", 20)


def test_who_does_not_answer_is_named(bus: Bus) -> None:
    with pytest.raises(Unavailable, match=r"^the runner did not answer status_request within 0 s$"):
        ask(bus, QUESTION, "the runner", answer_s=0.3)


def test_a_broker_that_is_away_is_not_waited_for_longer_than_an_answer(
    bus: Bus, broker: RunningBroker
) -> None:
    broker.stop()
    with pytest.raises(Unavailable, match=f"no receipt for a message to {COMMANDS}"):
        ask(bus, QUESTION, "the runner", answer_s=0.2)


def test_the_broker_tells_its_counts_to_who_asks(bus: Bus, broker: RunningBroker) -> None:
    counts = BrokerCounts(bus, "asker")
    bus.publish_body(slices("here"), b"{}", {"persistent": "true"})
    [(reply_to, _)] = _queues(broker, "/queue/swf.replies.asker-").items()
    # An answer to a question of before, that came late.
    bus.publish_body(reply_to, b'{"late": 1}', {"correlation-id": "of before"})
    for _ in range(2):
        told = counts.ask()
        assert told is not None
        assert told["destinations"][slices("here")]["queued"] == 1
    counts.close()
    bus.close()
    [replies] = _queues(broker, "/queue/swf.replies.asker-").values()
    assert (replies["queued"], replies["in_flight"], replies["consumers"]) == (0, 0, 0)


def test_a_broker_that_does_not_tell_is_not_waited_for(
    bus: Bus, broker: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_counts, "ANSWER_S", 0.2)
    monkeypatch.setattr(broker_counts, "BROKER_STATISTICS", "/queue/of.another.kind.of.broker")
    counts = BrokerCounts(bus, "asker")
    assert counts.ask() is None
    broker.stop()
    assert counts.ask() is None


def test_a_question_says_where_and_to_what_the_answer_is_and_leaves_nothing(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_counts, "BROKER_STATISTICS", "/queue/statistics.of.another")
    inbox = bus.subscribe(Subscription("/queue/statistics.of.another"))
    asked: list[Delivery] = []

    def serve() -> None:
        asked.extend(inbox.take(timeout_s=60))
        said = asked[0].headers
        bus.publish_body(said["reply-to"], b'{"queues": 3}', {"correlation-id": said["correlation-id"]})

    thread = threading.Thread(target=serve)
    thread.start()
    assert inbox.wait_established(60)
    assert BrokerCounts(bus, "asker").ask() == {"queues": 3}
    thread.join(60)
    assert asked[0].headers["persistent"] == "false"
    assert asked[0].body == b""
