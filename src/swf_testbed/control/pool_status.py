"""How pools of workers stand, as their controllers told the monitor last."""

from datetime import datetime
from typing import Any, NamedTuple

from swf_testbed.control.living import living_agents
from swf_testbed.monitor_client import MonitorClient

POOL = "pool"


class PoolStanding(NamedTuple):
    """A pool: whose controller, when it told, and what."""

    controller: str
    namespace: str | None
    told_at: datetime | None
    report: dict[str, Any]


def pools(monitor: MonitorClient, namespace: str) -> list[PoolStanding]:
    """The pools of a namespace whose controllers live."""
    found = living_agents(monitor, namespace=namespace, agent_type=POOL)
    return [
        PoolStanding(one.instance_name, one.namespace, one.last_heartbeat, dict(report))
        for one in found
        if isinstance(report := one.metadata.get(POOL), dict)
    ]
