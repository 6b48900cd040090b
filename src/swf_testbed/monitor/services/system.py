"""How the machinery stands: whether each service answers, what waits, what is stale, what room is left."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.db import connection

from swf_testbed.model.clock import now
from swf_testbed.model.destinations import dead_letters, is_queue, replies
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.monitor.services import broker
from swf_testbed.monitor.services.health import health
from swf_testbed.monitor.services.messages import GONE, newest
from swf_testbed.monitor.services.repair import Repair, repair_stuck
from swf_testbed.monitor.store.models import Counter, Namespace, SystemAgent
from swf_testbed.records.health import Health, Versions

QUIET = timedelta(hours=1)
"""How long nothing may be heard of what goes on before it counts as stuck."""

T = TypeVar("T")
_MOST = 100
_DEAD = dead_letters("")


class Handshake(NamedTuple):
    """Whether a service answered, after how many s, and what it says of itself."""

    service: str
    works: bool
    took_s: float | None
    says: str


class Waiting(NamedTuple):
    """A queue or a durable subscription, and what waits in it."""

    name: str
    waiting: int
    in_flight: int
    consumers: int


class Room(NamedTuple):
    """Bytes of the database, and bytes free where it lies; None where that cannot be told from here."""

    used: int
    free: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class System:
    """What the system page shows.

    Attributes:
        waiting: None if this broker does not tell.
        dead: namespaces with dead letters and how many; with None where the broker does not tell.
        stale: agents that should be alive and have not been heard.
        stuck: what `repair_stuck` would end.
    """

    handshakes: list[Handshake]
    versions: Versions
    waiting: list[Waiting] | None
    dead: list[tuple[str, int | None]]
    stale: list[SystemAgent]
    stuck: list[Repair]
    counters: list[tuple[str, int]]
    room: Room


def system() -> System:
    """The system as it is at this moment."""
    statistics, broker_s = _timed(_statistics)
    counters, database_s = _timed(_counters)
    waiting = None if statistics is None else _waiting(statistics)
    told = health()
    return System(
        handshakes=[
            Handshake("database", True, database_s, told.versions.database or ""),
            _broker(statistics, broker_s),
            _intake(told),
        ],
        versions=told.versions,
        waiting=waiting,
        dead=_dead(waiting),
        stale=_stale(),
        stuck=repair_stuck(QUIET, dry_run=True)[:_MOST],
        counters=counters,
        room=_room(),
    )


def _timed(ask: Callable[[], T]) -> tuple[T, float]:
    """An answer, and how long it took, s."""
    began = time.perf_counter()
    return ask(), time.perf_counter() - began


def _statistics() -> dict[str, Any] | None:
    link = broker.present()
    return link.statistics() if link else None


def _broker(statistics: dict[str, Any] | None, took_s: float) -> Handshake:
    link = broker.present()
    if link is None or not link.connected:
        return Handshake("broker", False, None, "no connection")
    if statistics is None:
        says = "did not tell its counts in time" if link.tells else "connected; tells no counts"
        return Handshake("broker", not link.tells, None, says)
    connections, since = statistics["connections"], statistics["started_at"]
    return Handshake("broker", True, took_s, f"{connections} connections, since {since}")


def _intake(told: Health) -> Handshake:
    agent = SystemAgent.objects.filter(agent_type="intake").order_by("-last_heartbeat").first()
    seen = agent.last_heartbeat if agent else None
    if agent is None or seen is None:
        return Handshake("intake", False, None, "was never heard")
    silent_s = (now() - seen).total_seconds()
    says = f"process {agent.pid} on {agent.hostname}, heard {silent_s:.0f} s ago, {agent.operational_state}"
    return Handshake("intake", told.intake, None, f"{says}; {told.trouble}" if told.trouble else says)


def _waiting(statistics: dict[str, Any]) -> list[Waiting]:
    """Queues and durable subscriptions, the fullest first."""
    ours = {
        name: counts
        for name, counts in statistics["destinations"].items()
        if is_queue(name) and not name.startswith(replies(""))
    }
    found = [
        Waiting(name, counts["queued"], counts["in_flight"], counts["consumers"])
        for name, counts in (ours | statistics["durable_subscriptions"]).items()
    ]
    return sorted(found, key=lambda one: (-one.waiting - one.in_flight, one.name))[:_MOST]


def _dead(waiting: list[Waiting] | None) -> list[tuple[str, int | None]]:
    if waiting is None:
        return [(name, None) for name in Namespace.objects.values_list("name", flat=True)[:_MOST]]
    return [
        (one.name.removeprefix(_DEAD), number)
        for one in waiting
        if one.name.startswith(_DEAD) and (number := one.waiting + one.in_flight)
    ]


def _stale() -> list[SystemAgent]:
    limit = now() - timedelta(seconds=AGENT_STALE_S)
    silent = SystemAgent.objects.filter(last_heartbeat__lt=limit)
    return list(silent.exclude(operational_state=OperationalState.EXITED).order_by("last_heartbeat")[:_MOST])


def _counters() -> list[tuple[str, int]]:
    given = dict(Counter.objects.order_by("name").values_list("name", "value"))
    known = {
        "last run number": given.get("run_number"),
        "last agent number": given.get("agent_id"),
        "last execution number": given.get("sequence"),
        "newest message": newest(),
        "messages thrown away up to": given.get(GONE),
    }
    return [(name, value) for name, value in known.items() if value is not None]


def _room() -> Room:
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        files = (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm")))
        disk = shutil.disk_usage(path.parent)
        return Room(sum(one.stat().st_size for one in files if one.exists()), disk.free, disk.total)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return Room(int(cursor.fetchone()[0]), None, None)
