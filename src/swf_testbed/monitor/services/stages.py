"""What agents have done with STFs: a stage of each agent, and the whole that follows from its stages.

Identities are derived and stages only go forward, so that what is said late or again changes nothing. However
many STFs facts are about, noting them is one query, and at most two statements that write.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.names import derived_id
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import StfFile, Workflow, WorkflowStage

DATA, FASTMON, FAST_PROCESSING, WORKER, MERGER = "data", "fastmon", "fast_processing", "worker", "merger"

_BEFORE = {FASTMON: DATA, FAST_PROCESSING: FASTMON, WORKER: FAST_PROCESSING}
"""Whose end is when an agent receives an STF."""

_RANK = {status: rank for rank, status in enumerate(ProcessingStatus)}
_WHOLE = ("status", "received_at", "started_at", "finished_at", "message")
_PART = (*_WHOLE, "agent", "metadata")

Part = dict[str, Any]
"""The columns `_PART` of one stage."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What became known of an agent's part in an STF; what is None or empty is not known.

    Attributes:
        stf: the name of the STF file; one that is not registered is left out.
        agent_type: whose part it is.
        status: how far it has come, at least.
        namespace: who says it: what is said of a run of another changes nothing.
    """

    stf: str
    agent_type: str
    status: ProcessingStatus
    namespace: str | None = None
    agent: str | None = None
    received_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str | None = None
    metadata: Row = field(default_factory=dict)


@dataclass(slots=True)
class _Known:
    """An STF as it is stored: its namespace, its whole as columns `_WHOLE`, its stages by agent type."""

    namespace: str | None
    whole: tuple[Any, ...] | None = None
    parts: dict[str, Part] = field(default_factory=dict)


def note(facts: Sequence[Fact]) -> None:
    """Let stages go on; part of the transaction that stores what the facts are taken from."""
    told: defaultdict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        told[fact.stf].append(fact)
    changed: list[WorkflowStage] = []
    wholes: list[Workflow] = []
    for stf, known in _known(told).items():
        namespace = known.namespace or next((one.namespace for one in told[stf] if one.namespace), None)
        own = [one for one in told[stf] if one.namespace in {None, namespace}]
        if namespace is None or not own:
            continue
        identity = _workflow_id(namespace, stf)
        parts = {name: dict(part) for name, part in known.parts.items()}
        for fact in own:
            parts[fact.agent_type] = _gone_on(parts.get(fact.agent_type), fact)
        _take_over_times(parts)
        changed += [
            _stage(identity, name, part) for name, part in parts.items() if part != known.parts.get(name)
        ]
        whole = _whole(parts.values())
        if known.whole != tuple(whole[name] for name in _WHOLE):
            wholes.append(Workflow(workflow_id=identity, stf_file_id=stf, **whole))
    _store(Workflow, wholes, "workflow_id", _WHOLE)
    _store(WorkflowStage, changed, "stage_id", _PART)


def follow(rows: Iterable[Row]) -> None:
    """Let wholes follow from stages that were just stored by a client."""
    said = [row["stage_id"] for row in rows]
    touched = WorkflowStage.objects.filter(stage_id__in=said, workflow__isnull=False).values("workflow")
    parts: defaultdict[UUID, list[Part]] = defaultdict(list)
    for part in WorkflowStage.objects.filter(workflow__in=touched).order_by().values("workflow", *_WHOLE):
        parts[part.pop("workflow")].append(part)
    wholes = [Workflow(workflow_id=identity, **_whole(found)) for identity, found in parts.items()]
    _store(Workflow, wholes, "workflow_id", _WHOLE)


def add_stf_files(rows: list[Row]) -> None:
    """The STF of each stage, for rows that are answered."""
    workflows = Workflow.objects.filter(workflow_id__in={row["workflow"] for row in rows})
    files = dict(workflows.values_list("workflow_id", "stf_file"))
    by_text = {str(identity): name for identity, name in files.items()}
    for row in rows:
        row["stf_file"] = by_text.get(str(row["workflow"]))


def add_durations(rows: list[Row]) -> None:
    """How long each stage took, s; None while it goes on, or where its beginning is not known."""
    for row in rows:
        begun, ended = row["received_at"] or row["started_at"], row["finished_at"]
        row["duration"] = (ended - begun).total_seconds() if begun and ended else None


def _workflow_id(namespace: str, stf: str) -> UUID:
    return derived_id("workflow", namespace, stf)


def _known(names: Iterable[str]) -> dict[str, _Known]:
    """What is stored of registered STFs."""
    whole, stage = "workflows__", "workflows__stages__"
    columns = (
        "stf_filename",
        "run__namespace",
        f"{whole}workflow_id",
        *(whole + name for name in _WHOLE),
        f"{stage}agent_type",
        *(stage + name for name in _PART),
    )
    found: dict[str, _Known] = {}
    rows = StfFile.objects.filter(stf_filename__in=set(names)).order_by()
    for name, namespace, identity, *values in rows.values_list(*columns):
        known = found.setdefault(name, _Known(namespace))
        if identity is None or (namespace and identity != _workflow_id(namespace, name)):
            continue  # a client's own record
        known.whole = tuple(values[: len(_WHOLE)])
        agent_type, *part = values[len(_WHOLE) :]
        if agent_type is not None:
            known.parts[agent_type] = dict(zip(_PART, part, strict=True))
    return found


def _gone_on(known: Part | None, fact: Fact) -> Part:
    """A stage after a fact: times that are known stay, except its end when it has come further."""
    part = dict.fromkeys(_PART) if known is None else known
    further = known is None or _RANK[fact.status] > _RANK[known["status"]]
    if further:
        part |= {"status": fact.status, "finished_at": fact.finished_at, "message": _short(fact.message)}
    for name in ("received_at", "started_at", "agent"):
        part[name] = part[name] or getattr(fact, name)
    part["metadata"] = (part["metadata"] or {}) | fact.metadata
    return part


def _short(text: str | None) -> str | None:
    return text and text[:SHORT_TEXT_CHARS]


def _take_over_times(parts: Mapping[str, Part]) -> None:
    """An agent receives an STF when the one before it has done its part."""
    for name, before in _BEFORE.items():
        if name in parts and before in parts:
            parts[name]["received_at"] = parts[name]["received_at"] or parts[before]["finished_at"]


def _whole(parts: Iterable[Part]) -> Part:
    """Failed if a part is, finished if all are that are known, else on its way."""
    known = list(parts)
    statuses = {part["status"] for part in known}
    failed = ProcessingStatus.FAILED in statuses
    ended = statuses <= {ProcessingStatus.FINISHED, ProcessingStatus.FAILED}
    status = ProcessingStatus.STARTED
    if failed or len(statuses) == 1:
        status = ProcessingStatus.FAILED if failed else statuses.pop()
    return {
        "status": status,
        "received_at": _of_all(min, known, "received_at"),
        "started_at": _of_all(min, known, "started_at"),
        "finished_at": _of_all(max, known, "finished_at") if ended else None,
        "message": next((part["message"] for part in known if part["message"]), None),
    }


def _of_all(choose: Callable[[list[datetime]], datetime], parts: Iterable[Part], name: str) -> Any:
    times = [part[name] for part in parts if part[name] is not None]
    return choose(times) if times else None


def _stage(workflow: UUID, agent_type: str, part: Part) -> WorkflowStage:
    return WorkflowStage(
        stage_id=derived_id("stage", workflow, agent_type),
        workflow_id=workflow,
        agent_type=agent_type,
        **part,
    )


def _store(
    model: type[Workflow] | type[WorkflowStage], rows: Sequence[Any], key: str, names: Sequence[str]
) -> None:
    if rows:
        model._default_manager.bulk_create(
            rows, update_conflicts=True, update_fields=[*names, "updated_at"], unique_fields=[key]
        )
