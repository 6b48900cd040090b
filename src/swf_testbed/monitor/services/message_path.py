"""One message's path: from what caused it, to all that it caused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.db import connection

from swf_testbed.model.names import derived_id
from swf_testbed.model.status import SliceOutcome
from swf_testbed.monitor.services.message_effects import attach_effects
from swf_testbed.monitor.services.message_steps import Step, found_in, steps_of_slice
from swf_testbed.monitor.store.models import HistogramPart, TfSlice, WorkflowMessage

MOST_STEPS = 200
_ANCESTORS = 20

_UP = """
WITH RECURSIVE up (id, causation_id, height) AS (
    SELECT id, causation_id, 0 FROM store_workflowmessage WHERE id = %s
    UNION
    SELECT cause.id, cause.causation_id, height + 1 FROM store_workflowmessage AS cause
    JOIN up ON cause.message_id = up.causation_id WHERE height < %s
) SELECT id FROM up WHERE height > 0 ORDER BY height DESC
"""


@dataclass(frozen=True, slots=True)
class Path:
    """The steps in order, each before what it caused; `left_out` beyond `MOST_STEPS`."""

    steps: list[Step]
    span_s: float
    left_out: int
    unknown_cause: UUID | None
    """What the first step says caused it, and nobody recorded."""


def message_path(message: WorkflowMessage) -> Path:
    """The path of a stored message."""
    line = _ancestors(message)
    own = found_in(WorkflowMessage.objects.filter(pk=message.pk))[0]
    attach_effects([own])
    line.append(own.step)
    for cause, effect in pairwise(line):
        cause.caused = [effect]
    steps = list(_in_order(line[0], None, 0))
    began = next((step.at for step in steps if step.at), None)
    for step in steps:
        step.since_s = _seconds(began, step.at)
    return Path(
        steps=steps[:MOST_STEPS],
        span_s=max((step.since_s or 0.0 for step in steps), default=0.0),
        left_out=max(0, len(steps) - MOST_STEPS),
        unknown_cause=message.causation_id if len(line) == 1 else None,
    )


def _seconds(earlier: datetime | None, later: datetime | None) -> float | None:
    return (later - earlier).total_seconds() if earlier and later else None


def _in_order(step: Step, cause: Step | None, depth: int) -> Iterable[Step]:
    step.depth, step.delay_s = depth, _seconds(cause.at, step.at) if cause else None
    yield step
    for effect in step.caused:
        yield from _in_order(effect, step, depth + 1)


def _ancestors(message: WorkflowMessage) -> list[Step]:
    """What led to a message, the first cause first."""
    if message.causation_id is None:
        return []
    if message.message_type == "histograms_updated" and message.run_id is not None:
        return _what_was_merged(message)
    return _recorded_causes(message.pk)


def _recorded_causes(number: int, *, itself: bool = False) -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute(_UP, [number, _ANCESTORS])
        numbers = [row[0] for row in cursor.fetchall()]
    numbers += [number] if itself else []
    steps = {found.number: found.step for found in found_in(WorkflowMessage.objects.filter(id__in=numbers))}
    return [steps[one] for one in dict.fromkeys(numbers) if one in steps]


def _what_was_merged(message: WorkflowMessage) -> list[Step]:
    """New plots are caused by the last of the results that were merged into them."""
    revision = message.message_content.get("revision")
    if not isinstance(revision, int):
        return []
    parts = HistogramPart.objects.filter(run=message.run_id, revision=revision)
    for part in parts.values_list("part", flat=True):
        kind, _, name = part.partition(":")
        tf_filename, _, slice_id = name.partition("#")
        said = (message.namespace, message.run_id)
        if kind == "slice" and message.causation_id in _results(said, tf_filename, slice_id):
            return _to_slice(message, tf_filename, int(slice_id))
    return []


def _results(said: tuple[str, int | None], tf_filename: str, slice_id: str) -> set[UUID]:
    of = ("slice_result", *said, tf_filename, slice_id)
    return {derived_id(*of, outcome.value) for outcome in SliceOutcome}


def _to_slice(message: WorkflowMessage, tf_filename: str, slice_id: int) -> list[Step]:
    said = derived_id("tf_file_registered", message.namespace, message.run_id, tf_filename)
    sample = WorkflowMessage.objects.filter(message_id=said).values_list("id", flat=True).first()
    causes = [] if sample is None else _recorded_causes(sample, itself=True)
    piece = TfSlice.objects.filter(fastmon_file__in={tf_filename}, slice_id=slice_id).first()
    return causes + ([] if piece is None else steps_of_slice(piece))
