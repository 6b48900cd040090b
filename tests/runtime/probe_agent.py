"""An agent that does what a test says, on the real embedded broker."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, Delivery, StompBus, Subscription
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import PauseRun, Slice, SliceContent, StartRun
from swf_testbed.model import destinations
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.presence import Presence

PATIENCE_S = 20.0
NAMESPACE = "here"


class Seen:
    """What an agent did, for a test to wait on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.items: list[Any] = []

    def add(self, item: Any) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def wait(self, enough: Callable[[list[Any]], bool]) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: enough(self.items), PATIENCE_S), f"only {self.items}"
            return list(self.items)


class Held:
    """A behaviour that has a message in hand until it is let go."""

    def __init__(self) -> None:
        self._taken, self._let_go = threading.Event(), threading.Event()

    def __call__(self, message: object) -> None:
        self._taken.set()
        assert self._let_go.wait(PATIENCE_S)

    def wait(self) -> None:
        """Until a message is in hand."""
        assert self._taken.wait(PATIENCE_S)

    def let_go(self) -> None:
        self._let_go.set()


class SeenLog(logging.Handler):
    """Lines of the log as `LEVEL text`, for a test to wait on, and the threads that wrote them."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines = Seen()
        self.threads: dict[str, str | None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname} {record.getMessage()}"
        self.threads[line] = record.threadName
        self.lines.add(line)

    def of(self, start: str) -> list[str]:
        """The lines that begin so."""
        return [line for line in self.lines.items if line.startswith(start)]

    def wait(self, line: str) -> None:
        """Wait for a line."""
        self.lines.wait(lambda lines: line in lines)


class SeenPresence:
    """Tells a test of each beat; what is to go wrong is put in the place of `registering` and `beating`."""

    def __init__(self) -> None:
        self.beats = Seen()
        self.registering: Callable[[], None] = lambda: None
        self.beating: Callable[[], None] = lambda: None

    def register(self) -> str:
        self.registering()
        return "probe-agent-test-1"

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        self.beats.add((state, status))
        self.beating()


class Probe(BaseAgent):
    """Does what the test says."""

    agent_type: ClassVar[str] = "probe"

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self.seen, self.seen_presence = Seen(), SeenPresence()
        self.beats = self.seen_presence.beats
        self.behaviour: Callable[[Any], None] = lambda message: None

    def presence(self) -> Presence:
        return self.seen_presence

    @handles(StartRun)
    def on_start_run(self, message: StartRun) -> None:
        self.behaviour(message)
        self.seen.add(message.run_id)

    @handles(PauseRun, batch=50, linger_s=0.2)
    def on_pauses(self, messages: Sequence[PauseRun]) -> None:
        for message in messages:
            self.behaviour(message)
        self.seen.add([message.run_id for message in messages])

    @handles(Slice)
    def on_slice(self, message: Slice) -> None:
        self.behaviour(message)
        self.seen.add(message.content.slice_id)


P = TypeVar("P", bound=Probe)


class Stage:
    """A broker, a speaker, and agents that are ended at the end."""

    def __init__(self, broker: RunningBroker, home: Path) -> None:
        self.broker = broker
        self._settings = load_settings({"SWF_HOME": str(home)})
        self._agents: list[tuple[BaseAgent, threading.Thread, StompBus]] = []
        self.bus = self._connect(None)
        assert self.bus.wait_connected(PATIENCE_S)

    def _connect(self, client_id: str | None) -> StompBus:
        return StompBus(BrokerAddress("127.0.0.1", self.broker.port), client_id)

    def prepare(self, cls: type[P]) -> P:
        """An agent that does not run yet."""
        bus = self._connect(cls.client_id(NAMESPACE))
        nobody = cast(MonitorClient, None)
        return cls(AgentContext(self._settings, NAMESPACE, bus, nobody))

    def start(self, agent: P, *, ready: bool = True) -> P:
        """Let it run, and wait until it is ready."""
        thread = threading.Thread(target=agent.run)
        thread.start()
        self._agents.append((agent, thread, cast(StompBus, agent.context.bus)))
        if ready:
            starting = OperationalState.STARTING  # with work waiting for it, what follows is not READY
            agent.beats.wait(lambda beats: any(state is not starting for state, _ in beats))
        return agent

    def agent(self, behaviour: Callable[[Any], None] | None = None) -> Probe:
        """An agent that is ready."""
        agent = self.prepare(Probe)
        if behaviour:
            agent.behaviour = behaviour
        return self.start(agent)

    def end(self) -> None:
        """End all agents."""
        for agent, thread, bus in self._agents:
            agent.stop()
            thread.join(PATIENCE_S)
            bus.close()
            assert not thread.is_alive()
        self._agents.clear()

    def dead_letters(self) -> list[Delivery]:
        look = self.bus.subscribe(Subscription(destinations.dead_letters(NAMESPACE)))
        found = look.take(1, timeout_s=PATIENCE_S)
        found += look.take(100, linger_s=0.2, timeout_s=0.2)
        look.close()
        return found

    def waiting(self, destination: str) -> int:
        """Messages that are with the broker, handed out or not, for the agents or for a role that is away."""
        told = cast(dict[str, dict[str, dict[str, Any]]], self.broker.statistics())
        kept = [told["destinations"][destination]]
        if not destinations.is_queue(destination):
            kept = [
                one for one in told["durable_subscriptions"].values() if one["destination"] == destination
            ]
        return sum(counts["queued"] + counts["in_flight"] for counts in kept)

    def close(self) -> None:
        self.end()
        self.bus.close()


def start_run(number: int, namespace: str = NAMESPACE) -> StartRun:
    return StartRun(namespace=namespace, sender="test", run_id=number, simulation_tick=0.0)


def pause(number: int) -> PauseRun:
    return PauseRun(namespace=NAMESPACE, sender="test", run_id=number, simulation_tick=0.0)


def piece(number: int) -> Slice:
    content = SliceContent(
        run_id=1,
        req_id="r",
        filename="a.stf",
        tf_filename="a_tf_001.tf",
        file_url="file:///a",
        slice_id=number,
        start=0,
        end=1,
        tf_count=2,
    )
    return Slice(namespace=NAMESPACE, sender="test", run_id=1, instance="test", content=content)
