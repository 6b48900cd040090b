"""What an agent hears, in which order, together with whom, and what it says of the rest."""

import logging
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from probe_agent import NAMESPACE, PATIENCE_S, Held, Probe, Seen, SeenLog, Stage, pause, piece, start_run

from swf_testbed.messages import PauseRun, ResumeRun, Slice, headers
from swf_testbed.model import destinations
from swf_testbed.model.errors import BadData, BadInput
from swf_testbed.runtime import BaseAgent, handles
from swf_testbed.runtime.work import work_in_hand

SLICES = destinations.slices(NAMESPACE)


def resume(number: int) -> ResumeRun:
    return ResumeRun(namespace=NAMESPACE, sender="test", run_id=number, simulation_tick=0.0)


class Many(Probe):
    """One of several that share the work."""

    alone: ClassVar[bool] = False
    prefetch: ClassVar[int] = 1


def test_what_it_hears_follows_from_its_handlers() -> None:
    heard = Probe.heard("here")
    assert {where: set(by_type) for where, by_type in heard.items()} == {
        destinations.EVENTS: {"start_run", "pause_run"},
        SLICES: {"slice"},
    }
    pauses = heard[destinations.EVENTS]["pause_run"]
    assert (pauses.method, pauses.messages) == ("on_pauses", (PauseRun,))
    assert (pauses.batch, pauses.linger_s, pauses.at_once) == (50, 0.2, False)
    slices = heard[SLICES]["slice"]
    assert (slices.method, slices.batch, slices.linger_s, slices.at_once) == ("on_slice", 1, 0.0, False)
    assert (Probe.client_id("here"), Many.client_id("here")) == ("probe.here", None)


def test_a_subclass_hears_what_its_class_hears_and_more() -> None:
    class More(Probe):
        @handles(ResumeRun, at_once=True)
        def on_resume(self, message: ResumeRun) -> None: ...

        @handles(Slice)
        def on_slice(self, message: Slice) -> None: ...

    assert set(More.handlers) == {"start_run", "pause_run", "resume_run", "slice"}
    assert More.handlers["resume_run"].at_once
    alone = More.handlers["slice"]
    assert (alone.messages, alone.method) == ((Slice,), "on_slice")
    assert (alone.batch, alone.linger_s, alone.at_once) == (1, 0.0, False)
    assert set(Probe.handlers) == {"start_run", "pause_run", "slice"}


def test_one_method_may_take_several_types(stage: Stage) -> None:
    class Both(Probe):
        @handles(Slice, ResumeRun)
        def on_slice(self, message: Any) -> None:
            self.seen.add(message.msg_type)

    agent = stage.start(stage.prepare(Both))
    stage.bus.publish(resume(1))
    stage.bus.publish(piece(1))
    assert sorted(agent.seen.wait(lambda seen: len(seen) == 2)) == ["resume_run", "slice"]


def test_who_takes_the_same_twice_is_told_where() -> None:
    with pytest.raises(TypeError, match=r"^Twice: another and on_slice both handle slice$"):

        class Twice(Probe):
            @handles(Slice)
            def another(self, message: Slice) -> None: ...


def test_one_topic_is_handled_in_order_whoever_handles_what(stage: Stage) -> None:
    said = [start_run(1), resume(1), pause(2), pause(3), start_run(4), pause(5)]
    stage.agent()
    stage.end()
    stage.bus.publish_many(said)  # it finds all of them when it comes back
    agent = stage.agent()
    seen = agent.seen.wait(lambda items: [5] in items)
    assert seen == [1, [2, 3], 4, [5]]
    assert (agent.activity.handled, agent.activity.skipped) == (5, 0)
    stage.end()
    assert stage.waiting(destinations.EVENTS) == 0


def test_no_batch_is_larger_than_its_handler_takes(stage: Stage) -> None:
    class Small(Probe):
        @handles(ResumeRun, batch=2)
        def on_resumes(self, messages: Sequence[ResumeRun]) -> None:
            self.seen.add(tuple(message.run_id for message in messages))

    agent = stage.start(stage.prepare(Small))
    stage.end()
    stage.bus.publish_many(resume(number) for number in range(5))
    agent = stage.start(stage.prepare(Small))
    assert agent.seen.wait(lambda seen: sum(map(len, seen)) == 5) == [(0, 1), (2, 3), (4,)]


def test_a_batch_waits_for_more_as_long_as_its_handler_says(stage: Stage) -> None:
    class Patient(Probe):
        def on_pauses(self, messages: Sequence[PauseRun]) -> None:
            """Hears no pauses, so that two are all that it takes at once."""

        @handles(ResumeRun, batch=2, linger_s=PATIENCE_S)
        def on_resumes(self, messages: Sequence[ResumeRun]) -> None:
            self.seen.add([message.run_id for message in messages])

    agent = stage.start(stage.prepare(Patient))
    stage.bus.publish(resume(1))
    stage.bus.publish(resume(2))
    assert agent.seen.wait(bool) == [[1, 2]]


def test_it_has_no_more_in_hand_than_it_says(stage: Stage) -> None:
    class Careful(Probe):
        prefetch = 2

    agent = stage.prepare(Careful)
    agent.behaviour = held = Held()
    stage.start(agent)
    stage.bus.publish_many(start_run(number) for number in range(5))
    held.wait()
    told: Any = stage.broker.statistics()["durable_subscriptions"]
    [counts] = told.values()
    held.let_go()
    assert 1 <= counts["in_flight"] <= 2
    assert counts["in_flight"] + counts["queued"] == 5


def test_a_slow_one_of_many_leaves_the_work_to_the_others(stage: Stage) -> None:
    slow, fast = stage.prepare(Many), stage.prepare(Many)
    slow.behaviour = held = Held()
    stage.start(slow)
    stage.bus.publish_many(piece(number) for number in range(4))
    held.wait()
    stage.start(fast)
    assert fast.seen.wait(lambda seen: len(seen) == 3) == [1, 2, 3]
    # What is said to all is heard by each that lives.
    held.let_go()
    stage.bus.publish(start_run(7))
    slow.seen.wait(lambda seen: 7 in seen)
    fast.seen.wait(lambda seen: 7 in seen)
    stage.end()
    assert stage.broker.statistics()["durable_subscriptions"] == {}


def test_handlers_run_one_at_a_time_but_those_that_must_not_wait(stage: Stage) -> None:
    class Urgent(BaseAgent):
        agent_type = "urgent"

    class Busy(Probe):
        @handles(Slice)
        def on_slice(self, message: Slice) -> None:
            self.seen.add("begins")
            assert go_on.wait(PATIENCE_S)
            self.seen.add("ends")

        @handles(ResumeRun, at_once=True)
        def on_resume(self, message: ResumeRun) -> None:
            self.seen.add("at once")

    assert Urgent.handlers == {}
    go_on = threading.Event()
    agent = stage.start(stage.prepare(Busy))
    stage.bus.publish(piece(1))
    agent.seen.wait(lambda seen: seen == ["begins"])
    stage.bus.publish_many([resume(1), start_run(2)])
    agent.seen.wait(lambda seen: seen == ["begins", "at once"])
    go_on.set()
    assert agent.seen.wait(lambda seen: len(seen) == 4) == ["begins", "at once", "ends", 2]


def test_what_is_not_for_it_is_skipped_and_said(stage: Stage, log: SeenLog) -> None:
    agent = stage.agent()
    foreign = piece(1).model_copy(update={"namespace": "elsewhere"})
    stage.bus.publish_body(SLICES, foreign.model_dump_json().encode(), headers(foreign))
    stage.bus.publish_body(SLICES, start_run(2).model_dump_json().encode(), headers(start_run(2)))
    stage.bus.publish_body(SLICES, b'{"msg_type": "not_yet_invented"}', {"persistent": "true"})
    stage.bus.publish(piece(3))
    agent.seen.wait(lambda seen: seen == [3])
    stage.end()
    assert [line.removeprefix("INFO skipped: ") for line in log.of("INFO skipped: ")] == [
        "slice of namespace elsewhere is not for us",
        "start_run of namespace here is not for us",
        "msg_type = 'not_yet_invented': is not a type that this version knows",
    ]
    counts = agent.activity
    assert (counts.skipped, counts.failed, counts.handled) == (3, 0, 1)
    assert stage.waiting(SLICES) == 0


def test_who_hears_everybody_hears_other_namespaces(stage: Stage) -> None:
    class Everybody(Probe):
        everybody = True

    agent = stage.start(stage.prepare(Everybody))
    foreign = piece(1).model_copy(update={"namespace": "elsewhere"})
    stage.bus.publish_body(SLICES, foreign.model_dump_json().encode(), headers(foreign))
    assert agent.seen.wait(bool) == [1]
    assert agent.activity.skipped == 0


def test_what_is_no_message_is_told_to_the_agent_and_counted(stage: Stage, log: SeenLog) -> None:
    class Curious(Probe):
        def not_understood(self, body: bytes, error: BadInput) -> None:
            self.seen.add((body, str(error)))

    agent = stage.start(stage.prepare(Curious))
    stage.bus.publish_body(SLICES, b"[1]", {"persistent": "true"})
    why = "body = b'[1]': must be a JSON object"
    assert agent.seen.wait(bool) == [(b"[1]", why)]
    log.wait(f"WARNING dead letter from {SLICES}: {why}")
    stage.bus.publish_body(SLICES, b"[2]", {"persistent": "true"})
    log.wait(f"WARNING dead letter from {SLICES}: {why.replace('1', '2')}")
    stage.end()
    first, _ = sorted(stage.dead_letters(), key=lambda letter: letter.body)
    assert (first.body, first.headers["swf-error"]) == (b"[1]", f"NotAMessage: {why}")
    assert (agent.activity.failed, agent.activity.handled) == (2, 0)
    assert stage.waiting(SLICES) == 0


def test_a_slip_of_its_author_does_not_end_it(stage: Stage, log: SeenLog) -> None:
    class Slipping(Probe):
        def not_understood(self, body: bytes, error: BadInput) -> None:
            raise KeyError("slip")

    agent = stage.start(stage.prepare(Slipping))
    stage.bus.publish_body(SLICES, b"[1]", {"persistent": "true"})
    stage.bus.publish(piece(2))
    agent.seen.wait(lambda seen: seen == [2])
    line = "ERROR deliveries could not be settled; the broker will deliver them again"
    assert log.of("ERROR") == [line]
    assert log.threads[line] == f"consumer {SLICES}"
    stage.end()
    assert stage.waiting(SLICES) == 1


def test_a_handler_that_fails_for_a_while_is_tried_again_and_each_try_is_said(
    stage: Stage, log: SeenLog
) -> None:
    failures = iter([RuntimeError("once"), RuntimeError("twice")])

    def behave(message: Any) -> None:
        for failure in failures:
            raise failure

    agent = stage.agent(behave)
    stage.bus.publish(start_run(5))
    assert agent.seen.wait(bool) == [5]
    told = log.of("WARNING start_run (run 5) again in 0.0 s: ")
    assert [line.rpartition(": ")[2] for line in told] == ["once", "twice"]


def test_a_failure_for_good_is_said_with_its_trace_and_counted(
    stage: Stage, log: SeenLog, caplog: pytest.LogCaptureFixture
) -> None:
    tries = Seen()

    def behave(message: Any) -> None:
        tries.add((message.run_id, work_in_hand()["run_id"]))
        if message.run_id == 2:
            raise BadData("poison")

    agent = stage.agent(behave)
    stage.bus.publish_many(pause(number) for number in range(3))
    log.wait(f"WARNING dead letter from {destinations.EVENTS}: poison")
    agent.seen.wait(lambda seen: sum(map(len, seen)) == 2)
    [failed] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert failed.getMessage() == "on_pauses failed for good"
    assert failed.exc_info is not None
    assert tries.items[-1] == (2, 2), "alone it is known what it is of"
    stage.end()
    assert (agent.activity.handled, agent.activity.failed, agent.activity.skipped) == (2, 1, 0)
    [letter] = stage.dead_letters()
    assert letter.headers["swf-agent"] == "probe-agent-test-1"
    assert stage.waiting(destinations.EVENTS) == 0
