"""The life of an agent as others see it: how it starts, is heard of, and ends in good order."""

import threading
from typing import Any, ClassVar

import pytest
from probe_agent import PATIENCE_S, Held, Probe, Seen, SeenLog, Stage, piece, start_run

from swf_testbed.model import destinations
from swf_testbed.model.errors import BadInput, Unavailable
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.runtime import agent as agent_module

STARTING = (OperationalState.STARTING, AgentStatus.OK)
READY = (OperationalState.READY, AgentStatus.OK)
EXITED = (OperationalState.EXITED, AgentStatus.EXITED)


def failing(times: int, error: Exception) -> Any:
    left = iter([error] * times)

    def fail() -> None:
        for one in left:
            raise one

    return fail


class Diary(Probe):
    """Writes down what becomes of it."""

    heartbeat_s: ClassVar[float] = 3600.0

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.diary = Seen()

    def changed(self) -> None:
        self.diary.add(self.activity.state.value)

    def on_start(self) -> None:
        self.diary.add("on_start")

    def on_stop(self) -> None:
        self.diary.add("on_stop")


def test_its_life_has_an_order(stage: Stage, log: SeenLog) -> None:
    agent = stage.start(stage.prepare(Diary))
    agent.behaviour = lambda message: agent.diary.add("handles")
    stage.bus.publish(start_run(1))
    agent.diary.wait(lambda diary: diary.count("READY") == 2)
    stage.end()
    worked = ["PROCESSING", "handles", "READY"]
    assert agent.diary.items == ["on_start", "READY", *worked, "on_stop", "EXITED"]
    assert agent.beats.items == [STARTING, READY, EXITED]
    assert log.lines.items == [
        "INFO probe-agent-test-1 is ready in namespace here",
        "INFO probe-agent-test-1 has ended",
    ]


def test_it_is_heard_of_again_and_again(stage: Stage) -> None:
    class Lively(Probe):
        heartbeat_s = 0.01

    agent = stage.start(stage.prepare(Lively))
    agent.beats.wait(lambda beats: beats.count(READY) >= 5)
    [heart] = [thread for thread in threading.enumerate() if thread.name == "heart"]
    assert heart.daemon, "a monitor that hangs keeps no process from ending"


def test_it_is_heard_of_at_once_when_that_is_asked_for_and_only_then(stage: Stage) -> None:
    agent = stage.prepare(Diary)
    agent.beat_now()  # nobody hears of it before it runs
    stage.start(agent)
    for count in (2, 3):
        agent.beat_now()
        agent.beats.wait(lambda beats, count=count: beats.count(READY) >= count)  # type: ignore[misc]
    stage.end()
    assert agent.beats.items == [STARTING, *[READY] * 3, EXITED]


def test_a_heartbeat_that_nobody_hears_is_said_and_not_the_last(stage: Stage, log: SeenLog) -> None:
    class Lively(Probe):
        heartbeat_s = 0.01

    agent = stage.prepare(Lively)
    agent.seen_presence.beating = failing(3, Unavailable("the monitor is away"))
    stage.start(agent)
    agent.beats.wait(lambda beats: len(beats) > 3)
    assert log.of("WARNING") == [unheard := "WARNING heartbeat not heard: the monitor is away"] * 3
    assert log.threads[unheard] == "heart"


def test_what_is_away_when_it_starts_is_waited_for(stage: Stage, log: SeenLog) -> None:
    starting = failing(2, Unavailable("the catalogue is away"))

    class Needy(Probe):
        def on_start(self) -> None:
            starting()

    agent = stage.prepare(Needy)
    agent.seen_presence.registering = failing(6, Unavailable("the monitor is away"))
    stage.start(agent)
    told = log.of("WARNING starting: again in 0.0 s: ") + log.of("WARNING starting: again in 0.1 s: ")
    assert sorted(line.rpartition(": ")[2] for line in told) == sorted(
        ["the monitor is away"] * 6 + ["the catalogue is away"] * 2
    )


def test_what_is_wrong_when_it_starts_ends_it_and_that_is_seen(stage: Stage) -> None:
    class Wrong(Probe):
        def on_start(self) -> None:
            raise BadInput("swf_data_dir", "/nowhere", "must be a folder")

    agent = stage.prepare(Wrong)
    try:
        with pytest.raises(BadInput, match=r"swf_data_dir = '/nowhere': must be a folder"):
            agent.run()
    finally:
        agent.context.bus.close()
    assert agent.beats.items[-1] == EXITED
    assert READY not in agent.beats.items


def test_it_can_be_asked_to_end_while_it_starts(stage: Stage, log: SeenLog) -> None:
    tried = threading.Event()

    def away() -> None:
        tried.set()
        raise Unavailable("the monitor is away")

    agent = stage.prepare(Probe)
    agent.seen_presence.registering = away
    stage.start(agent, ready=False)
    assert tried.wait(PATIENCE_S)
    stage.end()
    assert agent.beats.items == [EXITED]
    assert log.of("INFO") == ["INFO asked to end while starting", "INFO unnamed has ended"]


def test_it_is_ready_when_the_broker_is(stage: Stage, log: SeenLog) -> None:
    stage.broker.stop()
    agent = stage.start(stage.prepare(Probe), ready=False)
    log.wait("WARNING starting: again in 0.0 s: the broker has not confirmed what we want to hear")
    assert READY not in agent.beats.items
    stage.broker.start()
    agent.beats.wait(lambda beats: READY in beats)
    stage.bus.publish(start_run(3))
    assert agent.seen.wait(bool) == [3]


def test_what_is_in_hand_is_done_before_it_ends(stage: Stage) -> None:
    agent = stage.prepare(Diary)
    agent.behaviour = held = Held()
    stage.start(agent)
    stage.bus.publish_many([piece(1), piece(2)])
    held.wait()
    agent.stop()
    held.let_go()
    stage.end()
    assert agent.seen.items == [1]
    assert agent.diary.items[-2:] == ["on_stop", "EXITED"]
    # What it had not begun is for the next.
    assert stage.agent().seen.wait(bool) == [2]


def test_a_handler_that_does_not_end_is_not_waited_for_without_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, log: SeenLog
) -> None:
    monkeypatch.setattr(agent_module, "GRACE_S", 0.1)
    held = Held()
    stage.agent(held)
    stage.bus.publish(start_run(9))
    held.wait()
    stage.end()
    log.wait("WARNING a handler did not end within 0 s; the broker delivers its message again")
    assert stage.agent().seen.wait(bool) == [9]
    held.let_go()


def test_who_hears_it_is_its_role_in_the_namespace(stage: Stage) -> None:
    stage.agent()
    told: Any = stage.broker.statistics()["durable_subscriptions"]
    [(name, durable)] = told.items()
    assert name == "probe.here:probe.here.epictopic"
    assert durable["destination"] == destinations.EVENTS
    assert durable["selector"] == "namespace = 'here'"
