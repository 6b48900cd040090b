"""Whether the agents are not only up but registered and subscribed, so that a run may begin."""

import time
from collections.abc import Sequence
from datetime import datetime

from swf_testbed.config.settings import Settings
from swf_testbed.control.crew import Crew
from swf_testbed.control.programs import RUNNER
from swf_testbed.control.services import log_end
from swf_testbed.control.supervision import Process
from swf_testbed.model.errors import Unavailable
from swf_testbed.model.status import OperationalState, WorkerStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import SystemAgent, Worker

READY_S = 60.0
"""How long agents may take to be ready."""

WORKER = "worker"
_AT_WORK = frozenset({OperationalState.READY, OperationalState.PROCESSING})
_POOLED = frozenset({WorkerStatus.IDLE, WorkerStatus.BUSY})
_POLL_S = 0.2


def await_ready(
    settings: Settings,
    monitor: MonitorClient,
    crew: Crew,
    processes: Sequence[Process],
    since: datetime,
) -> None:
    """Wait until every agent of the testbed's own says that it is ready; those of a user need not.

    Agents say so to the monitor, once their durable subscriptions exist; workers say it on the bus.

    Args:
        settings: of this home.
        monitor: asked until all are there.
        crew: which agents there are.
        processes: of the agents, as supervisord sees them.
        since: when they were started.

    Raises:
        Unavailable: names an agent that is missing, and the end of its log.
    """
    ours = {name for name, entry in crew.agents.items() if entry.own} | {RUNNER}
    agents = {one.pid: one for one in processes if one.group in ours and one.group != WORKER}
    workers = sum(one.group == WORKER for one in processes if one.group in ours)
    namespace = crew.namespace
    until = time.monotonic() + READY_S
    while True:
        missing = [one.name for pid, one in agents.items() if pid not in _ready(monitor, namespace, since)]
        if len(_pool(monitor, namespace, since)) < workers:
            missing.append(next(one.name for one in processes if one.group == WORKER))
        if not missing:
            return
        if time.monotonic() >= until:
            raise Unavailable(
                f"{missing[0]} is not ready after {READY_S:.0f} s; {log_end(settings, missing[0])}"
            )
        time.sleep(_POLL_S)


def _ready(monitor: MonitorClient, namespace: str, since: datetime) -> set[int | None]:
    return {
        one.pid
        for one in monitor.list(SystemAgent, namespace=namespace)
        if one.operational_state in _AT_WORK and one.last_heartbeat and one.last_heartbeat >= since
    }


def _pool(monitor: MonitorClient, namespace: str, since: datetime) -> list[Worker]:
    return [
        one
        for one in monitor.list(Worker, namespace=namespace)
        if one.status in _POOLED and one.started_at and one.started_at >= since
    ]
