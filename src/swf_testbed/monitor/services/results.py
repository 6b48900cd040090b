"""Results of a run: merged histograms and finished slices, stored together or not at all."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Sum

from swf_testbed.model.clock import now
from swf_testbed.model.errors import Conflict
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor.services import latency, news, stage_facts
from swf_testbed.monitor.services.changes import upsert_rows
from swf_testbed.monitor.services.references import ensure_runs
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import HistogramPart, Run, TfSlice
from swf_testbed.records import Record, ResultsKnown, ResultsStored, RunResults, SliceDone

_SERVER_SAYS = {"run_number", "revision", *Record.server_fields}


class ResultsConflict(Conflict):
    """The sender does not know what the run's histograms contain; it must read it and begin from there."""

    def __init__(self, text: str, revision: int, known_parts: Sequence[str]) -> None:
        self.revision, self.known_parts = revision, tuple(known_parts)
        super().__init__(text)


def store_results(results: RunResults) -> ResultsStored:
    """Store one step of merging, once.

    Raises:
        ResultsConflict: a part is already in, or the histograms are at another revision; nothing is written.
        BadInput: a slice belongs to no registered TF sample.
    """
    number = results.run_number
    with writing():
        ensure_runs([number])
        run = Run.objects.select_for_update().get(run_number=number)
        _refuse_known(results, run)
        plotted_at = now()
        revision = run.histogram_revision + 1
        egress = results.egress_at or (None,) * len(results.parts)
        HistogramPart.objects.bulk_create(
            HistogramPart(run=run, part=part, revision=revision, egress_at=left, plotted_at=plotted_at)
            for part, left in zip(results.parts, egress, strict=True)
        )
        if results.slices:
            upsert_rows(
                RESOURCES["tf-slices"], [_slice_row(done, number, plotted_at) for done in results.slices]
            )
        stage_facts.of_indexes(results.parts, plotted_at)
        if results.histograms:
            said = {"run_id": number, "revision": revision}
            upsert_rows(RESOURCES["histograms"], [_said(one) | said for one in results.histograms])
        Run.objects.filter(run_number=number).update(
            histogram_revision=revision, duplicates=F("duplicates") + results.duplicates
        )
        news.tell(news.results(run, results.slices))
        moments = latency.moments_of((done.fastmon_file for done in results.slices), plotted_at)
    latency.observe(moments)
    return ResultsStored(revision=revision, plotted_at=plotted_at)


def _said(record: Record) -> Row:
    """What was sent; not dumped, as pydantic would look at each number of the content again."""
    return {name: getattr(record, name) for name in record.model_fields_set - _SERVER_SAYS}


def _refuse_known(results: RunResults, run: Run) -> None:
    known = sorted(_parts_among(run.run_number, results.parts))
    if known:
        text = f"{len(known)} of {len(results.parts)} parts are already in run {run.run_number}'s histograms"
    elif results.expected_revision != run.histogram_revision:
        text = (
            f"run {run.run_number}'s histograms are at revision {run.histogram_revision}, "
            f"not {results.expected_revision}"
        )
    else:
        return
    raise ResultsConflict(text, run.histogram_revision, known)


def _parts_among(run_number: int, parts: Sequence[str]) -> set[str]:
    found = HistogramPart.objects.filter(run=run_number, part__in=parts)
    return set(found.values_list("part", flat=True))


def _slice_row(done: SliceDone, run_number: int, plotted_at: datetime) -> Row:
    row: Row = {
        "fastmon_file_id": done.fastmon_file,
        "slice_id": done.slice_id,
        "run_number": run_number,
        "status": done.status,
        "retries": done.retries,
        "completed_at": done.processed_at,
        "metadata": {"result": done.result} if done.result else {},
    }
    if done.status is SliceStatus.COMPLETED:
        row["plotted_at"] = plotted_at
    if done.assigned_worker is not None:
        row["assigned_worker"] = done.assigned_worker
    return row


def known_results(run_number: int) -> ResultsKnown:
    """What a run's histograms contain; empty for a run that has none."""
    run = Run.objects.filter(run_number=run_number).first()
    plotted = TfSlice.objects.filter(run_number=run_number, plotted_at__isnull=False)
    parts = tuple(HistogramPart.objects.filter(run=run_number).order_by("id").values_list("part", flat=True))
    return ResultsKnown(
        run_number=run_number,
        revision=run.histogram_revision if run else 0,
        parts=parts,
        slices=sum(part.startswith("slice:") for part in parts),
        tfs=plotted.aggregate(total=Sum("tf_count"))["total"] or 0,
    )
