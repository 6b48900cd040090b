"""Which agents live, whatever the monitor still believes."""

import socket
from datetime import timedelta
from typing import Any

from swf_testbed.control.identity import process_alive
from swf_testbed.model.clock import now
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import SystemAgent


def living_agents(monitor: MonitorClient, **filters: Any) -> list[SystemAgent]:
    """The agents that have not exited; those of this machine only if their process is there."""
    return [one for one in monitor.list(SystemAgent, **filters) if _alive(one)]


def _alive(agent: SystemAgent) -> bool:
    """One that was not heard of for long counts as exited, since it could not say so."""
    heard = agent.last_heartbeat
    if heard is None or agent.operational_state is OperationalState.EXITED:
        return False
    if now() - heard >= timedelta(seconds=AGENT_STALE_S):
        return False
    if agent.hostname != socket.gethostname() or agent.pid is None:
        return True
    return process_alive(agent.pid, heard)
