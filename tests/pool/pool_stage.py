"""A broker, a pool controller, and workers that an engine starts: for tests and benchmarks."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from pool_rigs import Rig, worker_python

from swf_test_servers import monitor_addresses
from swf_testbed.adapters.pool import WorkerSpec
from swf_testbed.agents.pool.agent import PoolAgent, worker_spec
from swf_testbed.agents.pool.census import Member, Standing
from swf_testbed.agents.pool.law import Law, Measured
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, StompBus, Subscription
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.messages import Slice, SliceContent, SliceResult, decode
from swf_testbed.model import destinations
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.presence import Presence

PATIENCE_S = 90.0
NAMESPACE = "pool"


class Fixed(Law):
    """As many as the test says."""

    number = 0

    def wanted(self, measured: Measured, floor: int = 0) -> int:
        return self.number


class _Seen:
    def register(self) -> str:
        return "pool-agent-test-1"

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """Nobody looks."""


class SeenPool(PoolAgent):
    """The controller without a monitor."""

    def presence(self) -> Presence:
        return _Seen()


class Stage:
    """Everything but the engine, which the rig brings; a context."""

    def __init__(self, rig: Rig, configuration: str = "") -> None:
        self.rig = rig
        self.home = rig.home / "testbed"
        for folder in ("logs/workers", "var/payloads", "var/pool"):
            (self.home / folder).mkdir(parents=True)
        self.configure(configuration)
        self._broker = RunningBroker(rig.home / "broker").start()
        self.environment = {
            "SWF_HOME": str(self.home),
            "ACTIVEMQ_PORT": str(self._broker.port),
            **monitor_addresses(),  # nobody listens there: a worker must not need the monitor
        }
        self.settings: Settings = load_settings(self.environment)
        self.bus = self._connect()
        self.results = self.bus.subscribe(Subscription(destinations.results(NAMESPACE), prefetch=1000))
        self._open: list[tuple[SeenPool, threading.Thread, StompBus]] = []
        self.lend()

    def configure(self, configuration: str, name: str = "testbed.toml") -> Path:
        """Write the configuration that controller and workers read at their start."""
        path = self.home / name
        path.write_text(f'[testbed]\nnamespace = "{NAMESPACE}"\n{configuration}', "utf-8")
        return path

    def lend(self) -> None:
        """Let whoever runs the workers write here."""
        if self.rig.name == "slurm":
            for path in (self.rig.home, *self.rig.home.rglob("*")):
                path.chmod(0o777 if path.is_dir() else 0o666)

    def _connect(self, client_id: str | None = None) -> StompBus:
        return StompBus(BrokerAddress("127.0.0.1", self._broker.port), client_id)

    # The controller.

    def controller(self, law: Law | None = None) -> SeenPool:
        """Start one."""
        bus = self._connect(SeenPool.client_id(NAMESPACE))
        agent = SeenPool(AgentContext(self.settings, NAMESPACE, bus, cast(MonitorClient, None)))
        agent.controller = self._with_rig(agent, law)
        thread = threading.Thread(target=agent.run)
        thread.start()
        self._open.append((agent, thread, bus))
        return agent

    def _with_rig(self, agent: SeenPool, law: Law | None):  # type: ignore[no-untyped-def]
        made = agent.controller
        made._engine, made._spec = self.rig.engine, self.spec(agent)
        made.report.engine = self.rig.name
        if law is not None:
            made.law = law
        return made

    def spec(self, agent: SeenPool, **more: str) -> WorkerSpec:
        """A worker as the controller starts it, with a Python that the engine's user can run."""
        own = worker_spec(agent.context, agent.pool)
        python, paths = worker_python(ordinary_user=self.rig.name == "slurm")
        told = {**own.environment, **self.environment, **paths, **more}
        return WorkerSpec(
            (python, *own.argv[1:]), told, own.folder, own.cores, own.memory_mb, own.walltime_s, own.labels
        )

    def end_controller(self, *, killed: bool = False) -> None:
        """End the last one in good order, or as a kill does: its workers are left alone."""
        agent, thread, bus = self._open.pop()
        if killed:
            agent.controller.release_all = lambda grace_s: None  # type: ignore[method-assign]
        agent.stop()
        thread.join(PATIENCE_S)
        bus.close()
        assert not thread.is_alive()

    # Work.

    def put(self, count: int, payload: str = "nothing", first: int = 0) -> None:
        """Slices into the queue."""
        self.bus.publish_many(slice_of(number, payload) for number in range(first, first + count))

    def answers(self, count: int, timeout_s: float = PATIENCE_S) -> list[SliceResult]:
        """The next results."""
        found: list[SliceResult] = []
        until = time.monotonic() + timeout_s
        while len(found) < count and (left := until - time.monotonic()) > 0:
            for delivery in self.results.take(limit=count - len(found), timeout_s=left):
                said = decode(delivery.body)
                assert isinstance(said, SliceResult)
                found.append(said)
                self.results.ack([delivery])
        return found

    # The end.

    def close(self) -> None:
        """End all of it."""
        while self._open:
            self.end_controller()
        self.bus.close()
        self._broker.stop()

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def slice_of(number: int, payload: str) -> Slice:
    """A piece of work that needs no file."""
    content = SliceContent(
        run_id=1,
        req_id=f"piece#{number}",
        filename="swf.1.000001.stf",
        tf_filename="swf.1.000001_tf_001.tf",
        file_url="file:///nowhere",
        slice_id=number,
        start=0,
        end=0,
        tf_count=1,
        payload=payload,
    )
    return Slice(namespace=NAMESPACE, sender="test", run_id=1, instance="test", content=content)


def wait_for(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    """Ask again and again where nothing can tell."""
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, what()
        time.sleep(0.05)


def standing(agent: PoolAgent, which: Standing) -> list[Member]:
    """The members that the controller takes for something."""
    controller = agent.controller
    with agent._lock:
        found = controller.census.standing(time.monotonic())
        return [controller.census.members[number] for number, what in found.items() if what is which]


def there(agent: PoolAgent) -> set[int]:
    """The numbers of the workers that are there."""
    return {member.handle.number for member in standing(agent, Standing.THERE)}


def pid_of(member: Member) -> int:
    """The process of a worker of this machine."""
    assert member.said is not None
    return int(member.said.worker_id.split("-")[-2])


def counted(results: list[SliceResult]) -> Mapping[int, int]:
    """How often each slice was answered."""
    return Counter(one.content.slice_id for one in results)


__all__ = ["Fixed", "Stage", "counted", "pid_of", "slice_of", "standing", "there", "wait_for"]
