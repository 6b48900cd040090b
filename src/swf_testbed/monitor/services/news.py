"""What comes over REST and the stream has to tell: slices, their results, agents' states, judgements.

Each is stored as the message that says it, in the transaction that stores the record, and gets its number
there. Where that message is said on the bus too, both have the same derived identity, and are stored once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from swf_testbed.messages import (
    AgentState,
    Message,
    QualityFlagged,
    Slice,
    SliceResult,
    SliceResultState,
)
from swf_testbed.model.status import Quality, SliceOutcome, SliceStatus
from swf_testbed.monitor.services import messages
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.slice_moments import EGRESS
from swf_testbed.monitor.store.models import FastmonFile, Run, TfSlice
from swf_testbed.records import SliceDone

NOBODY = "monitor"
"""Who says what nobody is known to have said, and the namespace of what is in none."""

M = TypeVar("M", bound=Message)


class Change(NamedTuple):
    """A row as it was written, and its decisive columns before; None if it is new."""

    row: Row
    before: Row | None


Tells = Callable[[Sequence[Change], str], Iterable[Message]]
"""The messages that say what has changed, given who changed it."""


def nothing(changes: Sequence[Change], by: str) -> Iterable[Message]:
    """Nobody is told."""
    del changes, by
    return ()


def tell(said: Iterable[Message]) -> None:
    """Store messages that were not heard; part of the transaction that stores what they tell of."""
    rows = [messages.row_of(one, one.model_dump(mode="json"), one.destination) for one in said]
    if rows:
        messages.store(rows)


def agents(changes: Sequence[Change], by: str) -> Iterable[Message]:
    """An agent is in another state than before."""
    del by
    for row, before in changes:
        states = {name: row[name] for name in AGENT_STATE if name in row}
        if before is None or any(before[name] != value for name, value in states.items()):
            yield from _said(
                AgentState,
                namespace=row.get("namespace") or (before or {}).get("namespace") or NOBODY,
                sender=row["instance_name"],
                agent_type=row.get("agent_type"),
                hostname=row.get("hostname"),
                previous_state=before and before["operational_state"],
                **{name: (before or {}).get(name) for name in AGENT_STATE} | states,
            )


AGENT_STATE = ("status", "operational_state")
"""The columns of an agent that are told of."""


def slices(changes: Sequence[Change], by: str) -> Iterable[Message]:
    """A slice waits for a worker."""
    new = [row for row, before in changes if before is None and _waits(row)]
    files = _files({row["fastmon_file_id"] for row in new})
    for row in new:
        file = files[row["fastmon_file_id"]]
        name, number = file["tf_filename"], row["slice_id"]
        content = {
            **_of_run(file),
            "req_id": f"{name}#{number}",
            "filename": file["stf_file"],
            "tf_filename": name,
            "file_url": file["file_url"],
            "slice_id": number,
            "start": row.get("tf_first"),
            "end": row.get("tf_last"),
            "tf_count": row.get("tf_count"),
            "egress_at": file["stf_file__egress_at"],
        }
        sender = str(row.get("metadata", {}).get("sender") or by)
        said = {**_of_run(file), "namespace": _namespace(file), "sender": sender, "instance": sender}
        yield from _said(Slice, **said, content=content)


def results(run: Run, done: Sequence[SliceDone]) -> Iterable[Message]:
    """What became of slices, without their histograms."""
    known = {
        (row["fastmon_file"], row["slice_id"]): row
        for row in TfSlice.objects.filter(fastmon_file__in={one.fastmon_file for one in done})
        .order_by()
        .values("fastmon_file", "slice_id", "tf_count", "fastmon_file__stf_file", EGRESS)
    }
    for one in done:
        row = known[one.fastmon_file, one.slice_id]
        outcome = SliceOutcome.DONE if one.status is SliceStatus.COMPLETED else SliceOutcome.FAILED
        worker = one.assigned_worker or NOBODY
        content = {
            "slice_id": one.slice_id,
            "tf_filename": one.fastmon_file,
            "filename": row["fastmon_file__stf_file"],
            "attempt": one.retries + 1,
            "requested_at": one.result.get("requested_at") or one.processed_at,
            "processing_start_at": one.result.get("processing_start_at") or one.processed_at,
            "processed_at": one.processed_at,
            "egress_at": row[EGRESS],
            "state": outcome,
            "hostname": one.result.get("hostname") or NOBODY,
            "worker_id": worker,
            "result": SliceResultState(state=outcome, error=_text(one.result.get("error"))),
            "tf_count": row["tf_count"] or 0,
        }
        yield from _said(
            SliceResult,
            namespace=run.namespace or NOBODY,
            sender=worker,
            instance=worker,
            execution_id=run.execution,
            run_id=run.run_number,
            timestamp=one.processed_at,
            content=content,
        )


def flags(changes: Sequence[Change], by: str) -> Iterable[Message]:
    """A check judges otherwise than before."""
    runs = {
        run.run_number: run for run in Run.objects.filter(run_number__in={c.row["run_id"] for c in changes})
    }
    for row, before in changes:
        if "quality" in row and row["quality"] != (Quality.NULL if before is None else before["quality"]):
            run = runs[row["run_id"]]
            yield from _said(
                QualityFlagged,
                namespace=run.namespace or NOBODY,
                sender=by,
                run_id=run.run_number,
                execution_id=run.execution,
                subsystem=row["subsystem"],
                histogram=row.get("histogram") or row["check_name"],
                check=row["check_name"],
                quality=row["quality"],
                reason=row.get("reason", ""),
                part=row.get("part", ""),
                since=row["since"],
            )


_FILE = ("tf_filename", "file_url", "stf_file", "stf_file__egress_at")
_RUN = "stf_file__run"


def _waits(row: Row) -> bool:
    return bool(row.get("status", SliceStatus.QUEUED) == SliceStatus.QUEUED)


def _files(names: set[str]) -> Mapping[str, Row]:
    columns = (*_FILE, _RUN, f"{_RUN}__namespace", f"{_RUN}__execution")
    rows = FastmonFile.objects.filter(tf_filename__in=names).order_by().values(*columns) if names else ()
    return {row["tf_filename"]: row for row in rows}


def _of_run(file: Row) -> Row:
    return {"run_id": file[_RUN], "execution_id": file[f"{_RUN}__execution"]}


def _namespace(file: Row) -> str:
    return file[f"{_RUN}__namespace"] or NOBODY


def _text(value: Any) -> str | None:
    return None if value is None else str(value)[:2000]


def _said(cls: type[M], **fields: Any) -> Iterable[M]:
    """The message; none where the record leaves out what it would have to say."""
    try:
        yield cls(**fields)
    except ValidationError:
        return
