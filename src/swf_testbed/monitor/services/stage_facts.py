"""Facts about the stages of STFs, taken from what is stored of files, slices and histograms."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min, Q

from swf_testbed.model.clock import now
from swf_testbed.model.status import ProcessingStatus, SliceStatus, StfStatus
from swf_testbed.monitor.services import stages
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.stages import DATA, FAST_PROCESSING, FASTMON, MERGER, WORKER, Fact
from swf_testbed.monitor.store.models import FastmonFile

_FAILED = Q(slices__status=SliceStatus.FAILED)
_SETTLED = _FAILED | Q(slices__status=SliceStatus.COMPLETED)
_MERGED = _FAILED | Q(slices__plotted_at__isnull=False)

_STF = "stf:"
"""How the part that an STF's index gives to histograms begins."""


def of_files(rows: Iterable[Row]) -> None:
    """Files that are not as they were announced: the data agent's part has failed."""
    refused = [
        row
        for row in rows
        if row.get("status") == StfStatus.FAILED and isinstance(row.get("metadata", {}).get("error"), str)
    ]
    stages.note(
        [
            Fact(
                row["stf_filename"],
                DATA,
                ProcessingStatus.FAILED,
                received_at=row.get("egress_at"),
                finished_at=now(),
                message=row["metadata"]["error"],
            )
            for row in refused
        ]
    )


def of_slices(rows: Iterable[Row]) -> None:
    """Slices that were cut, or settled: how far their STFs are, counted from all of their slices."""
    samples = {row["fastmon_file_id"] for row in rows}
    stfs = FastmonFile.objects.filter(tf_filename__in=samples).values("stf_file")
    counted = (
        FastmonFile.objects.filter(stf_file__in=stfs)
        .order_by()
        .values("stf_file")
        .annotate(
            samples=Count("tf_filename", distinct=True),
            cut=Count("slices__fastmon_file", distinct=True),
            pieces=Count("slices"),
            settled=Count("slices", filter=_SETTLED),
            failed=Count("slices", filter=_FAILED),
            merged=Count("slices", filter=_MERGED),
            queued_at=Max("slices__created_at"),
            taken_at=Min("slices__assigned_at"),
            result_at=Min("slices__completed_at"),
            settled_at=Max("slices__completed_at"),
            merge_at=Min("slices__plotted_at"),
            merged_at=Max("slices__plotted_at"),
        )
    )
    stages.note([fact for row in counted for fact in _facts(dict(row))])


def _facts(row: Row) -> Iterable[Fact]:
    stf, all_cut = row["stf_file"], row["cut"] == row["samples"]
    cut = {"samples": row["samples"], "slices": row["pieces"]}
    if not all_cut:
        yield Fact(stf, FAST_PROCESSING, ProcessingStatus.STARTED, metadata=cut)
    else:
        yield _ended(stf, FAST_PROCESSING, row["queued_at"], metadata=cut)
    settled = all_cut and row["settled"] == row["pieces"]
    yield _of_workers(row, settled)
    if row["merge_at"] is not None or row["settled"]:
        times: dict[str, Any] = {"received_at": row["result_at"], "started_at": row["merge_at"]}
        if settled and row["merged"] == row["pieces"]:
            yield _ended(stf, MERGER, row["merged_at"] or row["settled_at"], **times)
        else:
            yield Fact(stf, MERGER, ProcessingStatus.STARTED, **times)


def _of_workers(row: Row, settled: bool) -> Fact:
    stf, begun = row["stf_file"], {"started_at": row["taken_at"]}
    if settled and row["failed"]:
        return Fact(
            stf,
            WORKER,
            ProcessingStatus.FAILED,
            finished_at=row["settled_at"],
            message=f"{row['failed']} of {row['pieces']} slices failed",
            **begun,
        )
    if settled:
        return _ended(stf, WORKER, row["settled_at"], **begun)
    at_work = row["taken_at"] is not None or row["settled"]
    return Fact(stf, WORKER, ProcessingStatus.STARTED if at_work else ProcessingStatus.RECEIVED, **begun)


def of_indexes(parts: Sequence[str], merged_at: datetime) -> None:
    """STFs whose index was merged: one of which nothing was sampled is done with that."""
    names = {part.removeprefix(_STF) for part in parts if part.startswith(_STF)}
    if not names:
        return
    sampled = FastmonFile.objects.filter(stf_file__stf_filename__in=names).order_by()
    for_nothing = sorted(names - set(sampled.values_list("stf_file", flat=True)))
    stages.note(
        [
            _ended(name, agent_type, merged_at, metadata={"samples": 0})
            for name in for_nothing
            for agent_type in (FASTMON, MERGER)
        ]
    )


def _ended(stf: str, agent_type: str, at: datetime | None, **more: Any) -> Fact:
    return Fact(stf, agent_type, ProcessingStatus.FINISHED, finished_at=at, **more)
