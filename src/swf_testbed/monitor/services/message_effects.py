"""What a message caused, level by level.

Messages on topics are stored, each with the message that caused it. What goes over work queues is not stored:
slices and their results are found in the rows that they left, and the plots by what was merged into them.
"""

from collections.abc import Iterable, Sequence

from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber

from swf_testbed.model.names import derived_id
from swf_testbed.monitor.services.message_steps import COLUMNS, Found, Step, found_in, of_row, steps_of_slice
from swf_testbed.monitor.store.models import HistogramPart, TfSlice, WorkflowMessage
from swf_testbed.records import slice_part, stf_part

MOST_CHILDREN = 20
"""What one message caused directly and is shown; the rest is counted."""

_LEVELS = 4
_MOST_SLICES = 400


def attach_effects(line: list[Found]) -> None:
    """Attach to messages what they caused, and to that what it caused."""
    everything = list(line)
    for _ in range(_LEVELS):
        line = _effects(line)
        if not line:
            break
        everything += line
    _attach_slices(everything)


def _effects(causes: Sequence[Found]) -> list[Found]:
    steps = {found.step.message: found.step for found in causes}
    cause = F("causation_id")
    rows = WorkflowMessage.objects.filter(causation_id__in=steps).annotate(
        place=Window(RowNumber(), partition_by=[cause], order_by="id"),
        number=Window(Count("id"), partition_by=[cause]),
    )
    known = rows.filter(place__lte=MOST_CHILDREN).order_by("id")
    effects = []
    for *row, of, number in known.values_list(*COLUMNS, "causation_id", "number"):
        found = of_row(row)
        steps[of].caused.append(found.step)
        steps[of].more = max(0, number - MOST_CHILDREN)
        effects.append(found)
    return effects


def _attach_slices(found: Sequence[Found]) -> None:
    """What became of samples and files is not said on topics: slices, results, and the plots they are in."""
    samples = {one.tf_filename: one for one in found if one.step.what == "tf_file_registered"}
    files = {one.filename: one for one in found if one.step.what == "stf_ready"}
    last: dict[str, Step] = {}
    for piece in _slices([name for name in samples if name]):
        cause = samples[piece.fastmon_file_id].step
        if len(cause.caused) >= MOST_CHILDREN:
            cause.more += 1
            continue
        cut, *rest = steps_of_slice(piece)
        cause.caused.append(cut)
        cut.caused = rest
        last[slice_part(piece.fastmon_file_id, piece.slice_id)] = rest[0] if rest else cut
    for name, file in files.items():
        last[stf_part(name or "")] = file.step
    if last:
        _attach_plots(found[0], last)


def _slices(samples: Sequence[str]) -> Iterable[TfSlice]:
    rows = TfSlice.objects.filter(fastmon_file__in=set(samples)).order_by("id")
    return rows[:_MOST_SLICES] if samples else ()


def _attach_plots(first: Found, last: dict[str, Step]) -> None:
    parts = HistogramPart.objects.filter(run=first.run, part__in=last).values_list("part", "revision")
    revisions = dict(parts)
    said = {
        derived_id("histograms_updated", first.namespace, first.run, revision): revision
        for revision in set(revisions.values())
    }
    rows = WorkflowMessage.objects.filter(message_id__in=said)
    plots = {said[found.step.message]: found.step for found in found_in(rows) if found.step.message}
    for part, revision in revisions.items():
        plot = plots.get(revision)
        if plot is not None:
            volumes = "" if part.startswith("slice:") else "volumes of all frames, "
            step = Step(plot.what, plot.by, plot.at, plot.message, note=f"{volumes}revision {revision}")
            last[part].caused.append(step)
