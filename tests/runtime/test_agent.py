"""An agent on the real embedded broker: what it handles, retries, buries, and how it ends."""

import errno
import logging
import threading
from typing import Any

import pytest
from probe_agent import NAMESPACE, PATIENCE_S, Probe, Seen, Stage, pause, piece, start_run

from swf_testbed.messages import StartRun, headers
from swf_testbed.model import destinations
from swf_testbed.model.errors import BadData, Unavailable
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.runtime import handles
from swf_testbed.runtime.work import work_in_hand


def test_it_registers_beats_handles_and_says_that_it_ended(stage: Stage) -> None:
    agent = stage.agent()
    stage.bus.publish(start_run(7))
    assert agent.seen.wait(bool) == [7]
    stage.end()
    states = [state for state, _ in agent.beats.items]
    assert states[0] is OperationalState.STARTING
    assert agent.beats.items[-1] == (OperationalState.EXITED, AgentStatus.EXITED)
    assert agent.activity.handled == 1


def test_two_handlers_of_one_message_are_a_mistake_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="both handle start_run"):

        class Twice(Probe):
            @handles(StartRun)
            def another(self, message: StartRun) -> None: ...


def test_what_was_said_while_it_was_away_is_handled_when_it_returns(stage: Stage) -> None:
    stage.agent()
    stage.end()
    stage.bus.publish_many([start_run(1), start_run(2)])
    assert stage.agent().seen.wait(lambda seen: len(seen) == 2) == [1, 2]


def test_another_namespace_is_never_seen(stage: Stage) -> None:
    agent = stage.agent()
    stage.bus.publish(start_run(1, namespace="elsewhere"))
    # A liar: the header says that it is ours, the body that it is not.
    stage.bus.publish_body(
        destinations.EVENTS, start_run(2, "elsewhere").model_dump_json().encode(), headers(start_run(2))
    )
    stage.bus.publish(start_run(3))
    assert agent.seen.wait(bool) == [3]
    assert agent.activity.skipped == 1


def test_a_handler_knows_what_it_works_on(stage: Stage) -> None:
    known = Seen()
    agent = stage.agent(lambda message: known.add((message.run_id, dict(work_in_hand()))))
    stage.bus.publish(start_run(7).model_copy(update={"execution_id": "simple-a-0001"}))
    stage.bus.publish_many([pause(8), pause(9)])
    agent.seen.wait(lambda seen: [8, 9] in seen)
    told = dict(known.wait(lambda items: len(items) >= 3))
    assert told[7] == {"run_id": 7, "execution_id": "simple-a-0001"}
    # Of a batch, what its messages have in common.
    assert told[8] == told[9] == {"run_id": None, "execution_id": None}
    assert not work_in_hand()


def test_a_batch_handler_gets_what_there_is(stage: Stage) -> None:
    agent = stage.agent()
    stage.bus.publish_many(pause(number) for number in range(120))
    batches = agent.seen.wait(lambda seen: sum(map(len, seen)) == 120)
    assert [number for batch in batches for number in batch] == list(range(120))
    assert max(map(len, batches)) > 1
    assert max(map(len, batches)) <= 50


def test_a_handler_that_fails_for_good_leaves_a_dead_letter_that_says_why(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)

    def behave(message: Any) -> None:
        if message.run_id == 1:
            raise RuntimeError("cannot")

    agent = stage.agent(behave)
    stage.bus.publish_many([start_run(1), start_run(2)])
    assert agent.seen.wait(bool) == [2]
    [letter] = stage.dead_letters()
    assert letter.headers["swf-error"] == "RuntimeError: cannot"
    assert letter.headers["swf-destination"] == destinations.EVENTS
    assert letter.headers["swf-agent"] == "probe-agent-test-1"
    assert b'"run_id":1' in letter.body


def test_bad_data_is_not_tried_again(stage: Stage) -> None:
    tries = Seen()

    def behave(message: Any) -> None:
        tries.add(message.run_id)
        raise BadData("spoilt")

    stage.agent(behave)
    stage.bus.publish(start_run(1))
    [letter] = stage.dead_letters()
    assert letter.headers["swf-error"] == "BadData: spoilt"
    assert tries.items == [1]


def test_a_service_that_does_not_answer_is_waited_for_without_limit(stage: Stage) -> None:
    tries = Seen()

    def behave(message: Any) -> None:
        tries.add(message.run_id)
        if len(tries.items) < 12:
            raise Unavailable("the monitor does not answer")

    agent = stage.agent(behave)
    stage.bus.publish(start_run(1))
    assert agent.seen.wait(bool) == [1]
    assert len(tries.items) == 12


def test_the_poison_of_a_batch_is_found_and_the_rest_goes_through(stage: Stage) -> None:
    def behave(message: Any) -> None:
        if message.run_id == 3:
            raise BadData("poison")

    agent = stage.agent(behave)
    stage.bus.publish_many(pause(number) for number in range(6))
    seen = agent.seen.wait(lambda items: sum(map(len, items)) >= 5)
    assert sorted(number for batch in seen for number in batch) == [0, 1, 2, 4, 5]
    assert [letter.headers["swf-error"] for letter in stage.dead_letters()] == ["BadData: poison"]


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[1]", b"\xff\xfe", b'{"msg_type": 5}', b'{"msg_type": "slice"}', b"[" * 100_000],
)
def test_what_is_not_a_message_becomes_a_dead_letter(stage: Stage, body: bytes) -> None:
    agent = stage.agent()
    stage.bus.publish_body(destinations.slices(NAMESPACE), body, {"persistent": "true"})
    stage.bus.publish(piece(4))
    assert agent.seen.wait(bool) == [4]
    [letter] = stage.dead_letters()
    assert letter.headers["swf-error"].startswith("NotAMessage: ")
    assert letter.body == body


def test_a_type_of_the_future_is_skipped(stage: Stage) -> None:
    agent = stage.agent()
    stage.bus.publish_body(destinations.slices(NAMESPACE), b'{"msg_type": "not_yet_invented"}', {})
    stage.bus.publish(piece(4))
    assert agent.seen.wait(bool) == [4]
    assert agent.activity.skipped == 1


def test_ending_while_a_service_is_away_leaves_the_message_with_the_broker(stage: Stage) -> None:
    waiting = threading.Event()

    def behave(message: Any) -> None:
        waiting.set()
        raise Unavailable("away")

    stage.agent(behave)
    stage.bus.publish(start_run(9))
    assert waiting.wait(PATIENCE_S)
    stage.end()
    assert stage.agent().seen.wait(bool) == [9]


def test_a_full_disk_is_waited_for_without_limit(stage: Stage) -> None:
    tries = Seen()

    def behave(message: Any) -> None:
        tries.add(message.run_id)
        if len(tries.items) < 12:
            raise OSError(errno.ENOSPC, "No space left on device")

    agent = stage.agent(behave)
    stage.bus.publish(start_run(1))
    assert agent.seen.wait(bool) == [1]
    assert len(tries.items) == 12
