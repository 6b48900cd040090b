"""`python -m swf_testbed.monitor intake`: the process that stores what the bus says."""

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

from swf_testbed.bus import Bus, Inbox, Subscription, open_bus
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.errors import Unavailable
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.services.fanout import Fanout, Word, open_fanout
from swf_testbed.monitor.services.processes import this_process
from swf_testbed.monitor.startup import close_pools, patiently, prepare
from swf_testbed.runtime.signals import act_on

if TYPE_CHECKING:
    from django.db import Error

log = logging.getLogger(__name__)

NAME = "monitor-intake"
"""Its client id at the broker, and its name among the agents."""

BATCH = 500
LINGER_S = 0.05
"""How long a batch waits for more: short beside the second in which a plot must follow its data."""

BEAT_S = 30.0
LOOK_S = 5.0
"""How often runs are looked after."""

_HEARD = {
    f"{NAME}-events": destinations.EVENTS,
    f"{NAME}-workers": destinations.WORKERS,
    f"{NAME}-transformer": destinations.TRANSFORMER,
}
"""What is heard, by the name of the durable subscription."""


class Intake:
    """Stores everything said on the topics of all namespaces; one thread a topic."""

    def __init__(self, bus: Bus, fanout: Fanout) -> None:
        self._bus, self._fanout = bus, fanout
        self._stopping = threading.Event()
        self._subscribed = False
        self._troubles: dict[str | None, str] = {}
        self._inboxes = [
            bus.subscribe(Subscription(topic, durable=name, prefetch=2 * BATCH))
            for name, topic in _HEARD.items()
        ]
        self._threads = [
            threading.Thread(target=self._take_all, args=(inbox,), name=inbox.subscription.durable)
            for inbox in self._inboxes
        ]
        for thread in self._threads:
            thread.start()

    def wait_subscribed(self) -> None:
        """Returns when nothing that is said can be missed any more; `Unavailable` if the bus is closed."""
        # The broker takes frames in order: its receipt for this one says that it has our subscriptions.
        said = {"persistent": "false", "content-type": "application/json"}
        self._bus.publish_body(destinations.STORED, Word(self._fanout.process, stored=True).encode(), said)
        self._subscribed = True

    def appear(self) -> None:
        """Say how we are, and what keeps us from storing."""
        state = OperationalState.READY if self._subscribed else OperationalState.STARTING
        trouble, *_ = [*self._troubles.values(), ""]
        _appear(state, AgentStatus.ERROR if trouble else AgentStatus.OK, trouble)

    @property
    def alive(self) -> bool:
        """Whether every thread is at work."""
        return all(thread.is_alive() for thread in self._threads)

    def _take_all(self, inbox: Inbox) -> None:
        from django.db import connections

        from swf_testbed.monitor.intake import batches

        while not self._stopping.is_set():
            deliveries = inbox.take(limit=BATCH, linger_s=LINGER_S)
            if not deliveries:
                continue
            try:
                batches.store(deliveries, lambda error: self._keep_trying(inbox, error))
            except Unavailable as error:
                log.warning("%d messages not stored: %s; the broker keeps them", len(deliveries), error)
                break
            inbox.ack(deliveries)
            # Also when nothing is new: a process before this one may have died between storing and telling.
            self._fanout.tell(stored=True)
            if self._troubles.pop(inbox.subscription.durable, ""):
                self.appear()
        connections.close_all()

    def _keep_trying(self, inbox: Inbox, error: "Error") -> bool:
        from swf_testbed.monitor.services.database_trouble import reason

        name, said = inbox.subscription.durable, reason(error)
        if self._troubles.get(name) != said:
            self._troubles[name] = said
            self.appear()
        return not self._stopping.is_set()

    def stop(self) -> None:
        """End after the batches in hand."""
        self._stopping.set()
        for inbox in self._inboxes:
            inbox.close()
        for thread in self._threads:
            thread.join()


def run(swf: Settings) -> int:
    """Take in until SIGTERM or SIGINT; the exit code."""
    ended = threading.Event()
    act_on((signal.SIGTERM, signal.SIGINT), lambda _: ended.set())
    try:
        prepare(swf, patiently(ended))
    except Unavailable:
        if ended.is_set():
            return 0
        raise
    with (
        open_bus(swf, NAME) as bus,
        open_fanout(swf, bus, str(this_process())) as fanout,
        broker.connected_to(broker.Broker(bus, tells=swf.swf_mode is Mode.EMBEDDED)),
    ):
        intake = Intake(bus, fanout)
        looking = threading.Thread(
            target=_look_after_runs, args=(fanout, ended), name="run watch", daemon=True
        )
        looking.start()
        failed = not _watch(bus, intake, ended)
        intake.stop()
    _appear(OperationalState.EXITED, AgentStatus.EXITED)
    close_pools()
    return 1 if failed else 0


def _look_after_runs(fanout: Fanout, ended: threading.Event) -> None:
    """Raise and clear the alarms of runs and of queues, every few seconds."""
    from django.db import DatabaseError, connections

    from swf_testbed.monitor.services import messages, queue_watch, run_watch

    told = 0
    while not ended.wait(LOOK_S):
        try:
            run_watch.look()
            queue_watch.look()
            # An open page at a quiet time costs nothing: nobody looks unless something was stored.
            if (newest := messages.newest()) != told:
                fanout.tell(stored=True)
                told = newest
        except DatabaseError as error:
            log.warning("runs are not looked after: %s", error)
        except Exception:
            log.exception("runs are not looked after")
        finally:
            connections.close_all()


def _watch(bus: Bus, intake: Intake, ended: threading.Event) -> bool:
    """Beat until the end; False if a thread has died, for supervisord to start us again."""
    subscribed = threading.Thread(target=_announce, args=(intake,), name="announce", daemon=True)
    subscribed.start()
    while not ended.wait(BEAT_S):
        if not intake.alive:
            log.error("a thread of the intake has died")
            return False
        if bus.connected:
            intake.appear()
    return True


def _announce(intake: Intake) -> None:
    try:
        intake.wait_subscribed()
    except Unavailable:
        return
    intake.appear()
    log.info("taking in %s", ", ".join(_HEARD.values()))


def _appear(state: OperationalState, status: AgentStatus, trouble: str = "") -> None:
    """Our own row among the agents: READY means that nothing that is said is missed."""
    from django.db import Error, connections

    from swf_testbed.monitor.services.changes import upsert_rows
    from swf_testbed.monitor.services.resources import RESOURCES

    row = {
        "instance_name": NAME,
        "agent_type": "intake",
        "status": status,
        "operational_state": state,
        "last_heartbeat": now(),
        "pid": os.getpid(),
        "hostname": socket.gethostname(),
        "metadata": {"trouble": trouble},
    }
    try:
        upsert_rows(RESOURCES["systemagents"], [row])
    except Error as error:
        log.warning("database: %s", error)
    finally:
        connections.close_all()
