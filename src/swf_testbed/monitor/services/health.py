"""Whether the monitor, its database, its broker and its intake work."""

import platform
from datetime import timedelta

import django
from django.db import DatabaseError, connection

from swf_testbed import __version__
from swf_testbed.model.clock import now
from swf_testbed.model.status import AGENT_STALE_S, AgentStatus, OperationalState
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.store.models import SystemAgent
from swf_testbed.records.health import Health, Overall, Versions

_AT_WORK = (OperationalState.READY, OperationalState.PROCESSING)


def health() -> Health:
    """How everything is at this moment."""
    try:
        database, (intake, trouble) = _database_version(), _intake()
    except DatabaseError:
        database, intake, trouble = None, False, ""
    link = broker.present()
    connected = link is not None and link.connected
    complete = Overall.OK if connected and intake else Overall.DEGRADED
    return Health(
        status=complete if database else Overall.DOWN,
        time=now(),
        versions=Versions(
            swf_testbed=__version__,
            python=platform.python_version(),
            django=django.get_version(),
            database=database,
        ),
        database=database is not None,
        broker=connected,
        intake=intake,
        trouble=trouble,
    )


def _database_version() -> str:
    connection.ensure_connection()
    return f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"


def _intake() -> tuple[bool, str]:
    """Whether it stores what it hears, and what keeps it from that."""
    fresh = now() - timedelta(seconds=AGENT_STALE_S)
    rows = SystemAgent.objects.filter(agent_type="intake", operational_state__in=_AT_WORK)
    heard = rows.filter(last_heartbeat__gte=fresh).order_by("-last_heartbeat").first()
    if heard is None:
        return False, ""
    return heard.status != AgentStatus.ERROR, str(heard.metadata.get("trouble", ""))
