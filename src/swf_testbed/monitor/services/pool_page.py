"""Pools of workers: what is wanted beside what the engine runs and the broker hears, and what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from pydantic import ValidationError

from swf_testbed.messages import DrainWorker, EndRun, RunImminentWorker
from swf_testbed.model.status import WorkerStatus
from swf_testbed.monitor.services.rows import number_in
from swf_testbed.monitor.store.models import Log, SystemAgent, Worker, WorkflowMessage
from swf_testbed.records.workers import PoolReport

MOST_WORKERS, MOST_EVENTS = 200, 60
POOL = "pool"
"""The type of the controller's agent, and where its report stands in what it tells."""

_DRAIN, _IMMINENT, _END = (
    kind.model_fields["msg_type"].default for kind in (DrainWorker, RunImminentWorker, EndRun)
)


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool as its controller told last; `report` as `agents.pool` has it."""

    agent: SystemAgent
    report: PoolReport

    @property
    def to_engine(self) -> int:
        """Workers that the engine knows."""
        return sum(self.report.engine_counts.values())

    @property
    def on_broker(self) -> int:
        """Workers that are heard on the broker."""
        return sum(self.report.broker_counts.values())

    @property
    def agrees(self) -> bool:
        """Whether all of them are as many."""
        return self.report.desired == self.to_engine == self.on_broker


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """A worker, and what it told besides."""

    worker: Worker

    @property
    def number(self) -> float | None:
        """Its number in the pool."""
        return number_in(self.worker.metadata.get("number"))

    @property
    def busy_s(self) -> float | None:
        """How long it has worked in all, s."""
        return number_in(self.worker.metadata.get("busy_s"))

    @property
    def reason(self) -> str:
        """Why it ends; empty while it does not."""
        return str(self.worker.metadata.get("reason", ""))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a pool; `level` is empty for what was said on the bus."""

    at: datetime
    who: str
    what: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class PoolPage:
    """Pools, their workers (those at work first), and events, newest first."""

    pools: list[Pool]
    workers: list[WorkerLine]
    events: list[Event]

    @property
    def at_work(self) -> int:
        """Workers that have not ended."""
        return sum(line.worker.status != WorkerStatus.ENDED for line in self.workers)


def pool_page(namespace: str | None) -> PoolPage:
    """The pools of a namespace; None is all."""
    agents = _within(SystemAgent.objects.filter(agent_type=POOL), namespace)
    pools = [Pool(one, report) for one in agents if (report := _report(one)) is not None]
    workers = _within(Worker.objects.all(), namespace).order_by("-last_heartbeat", "-id")
    ended = Q(status=WorkerStatus.ENDED)
    found = [*workers.exclude(ended)[:MOST_WORKERS]]
    found += workers.filter(ended)[: MOST_WORKERS - len(found)]
    lines = [WorkerLine(worker) for worker in found]
    return PoolPage(pools, lines, _events(namespace, [pool.agent.instance_name for pool in pools]))


def _within(rows: "QuerySet[Any]", namespace: str | None) -> "QuerySet[Any]":
    return rows if namespace is None else rows.filter(namespace=namespace)


def _events(namespace: str | None, controllers: Iterable[str]) -> list[Event]:
    kinds = (_DRAIN, _IMMINENT, _END)
    said = _within(WorkflowMessage.objects.filter(message_type__in=kinds), namespace).order_by("-id")
    lines = Log.objects.filter(instance_name__in=list(controllers)).order_by("-id")
    told = [
        Event(one.sent_at or one.received_at, one.sender_agent, _in_words(one)) for one in said[:MOST_EVENTS]
    ]
    told += [
        Event(line.timestamp, line.instance_name, line.message, line.levelname)
        for line in lines[:MOST_EVENTS]
    ]
    return sorted(told, key=lambda one: one.at, reverse=True)[:MOST_EVENTS]


def _in_words(message: WorkflowMessage) -> str:
    content = message.message_content.get("content")
    said = content if isinstance(content, dict) else {}
    if message.message_type == _DRAIN:
        return f"{said.get('worker_id')} is to end: {said.get('reason', '')}"
    if message.message_type == _IMMINENT:
        return f"run {message.run_id or said.get('run_id')} wants {said.get('target_worker_count')} workers"
    return f"run {message.run_id} has ended"


def _report(agent: SystemAgent) -> PoolReport | None:
    try:
        return PoolReport.model_validate(agent.metadata.get(POOL))
    except ValidationError:
        return None
