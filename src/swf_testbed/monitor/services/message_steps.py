"""The steps of a message's path: stored messages, and slices with their results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor.store.models import TfSlice

COLUMNS = (
    *("id", "message_id", "message_type", "sender_agent", "sent_at", "received_at", "namespace", "run_id"),
    *("message_content__filename", "message_content__tf_filename"),
)

_NOTE = 60


@dataclass(slots=True)
class Step:
    """One thing on the path.

    Attributes:
        what: the type of the message.
        by: who said it; of a result, the worker.
        at: when, by its sender's clock; None if that is not recorded.
        message: its identity, if it is a stored message.
        piece: `<tf_filename>/<slice_id>` of a slice.
        note: what else is known in a few words.
        more: what else it caused and is not shown.
        depth: how far from the beginning of the path.
        delay_s, since_s: s after what caused it, and after the beginning.
    """

    what: str
    by: str | None
    at: datetime | None
    message: UUID | None = None
    piece: str | None = None
    note: str = ""
    state: str = ""
    more: int = 0
    depth: int = 0
    delay_s: float | None = None
    since_s: float | None = None
    caused: list["Step"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """A stored message, its number, and the files that it names."""

    number: int
    step: Step
    namespace: str
    run: int | None
    filename: str | None
    tf_filename: str | None


def found_in(rows: Any) -> list[Found]:
    """The stored messages of a query."""
    return [of_row(row) for row in rows.values_list(*COLUMNS)]


def of_row(row: Sequence[Any]) -> Found:
    """A stored message from its `COLUMNS`."""
    number, identity, what, by, sent, received, namespace, run, *files = row
    # Whoever writes by REST may have put anything there.
    filename, tf_filename = (name if isinstance(name, str) else None for name in files)
    step = Step(what, by, sent or received, message=identity, note=(tf_filename or filename or "")[:_NOTE])
    return Found(number, step, namespace, run, filename, tf_filename)


def steps_of_slice(piece: TfSlice) -> list[Step]:
    """A slice, and its result if there is one."""
    key = f"{piece.fastmon_file_id}/{piece.slice_id}"
    note = f"number {piece.slice_id}" + (f", {piece.tf_count} frames" if piece.tf_count else "")
    cut = Step("slice", None, piece.created_at, piece=key, note=note)
    if not SliceStatus(piece.status).settled:
        cut.state = piece.status
        return [cut]
    tries = f"after {piece.retries + 1} tries" if piece.retries else ""
    result = Step("slice_result", piece.assigned_worker, piece.completed_at, note=tries, state=piece.status)
    return [cut, result]
