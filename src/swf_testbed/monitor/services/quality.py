"""What follows from quality flags: alarms, and how histograms and runs are shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Q

from swf_testbed.model.alarms import alarm_subject
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.status import Quality
from swf_testbed.monitor.services import alarms
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.store.models import Alarm, Histogram, QualityFlag, Run

KIND = "quality"
_BADNESS = {Quality.GOOD: 0, Quality.NULL: 1, Quality.MEDIUM: 2, Quality.BAD: 3}


def follow(rows: Sequence[Row]) -> None:
    """Let alarms and histograms follow from flags that were just stored; part of their transaction."""
    numbers = {row["run_id"] for row in rows}
    for run in Run.objects.filter(run_number__in=numbers):
        standing = list(QualityFlag.objects.filter(run=run, until=None))
        _settle_alarms(run, standing)
        _mark_histograms(run, {row["subsystem"] for row in rows if row["run_id"] == run.run_number})


def _settle_alarms(run: Run, standing: Iterable[QualityFlag]) -> None:
    """Bad data raises an alarm of its subsystem; medium data only keeps one that stands."""
    if run.namespace is None:
        return
    flags: dict[str, list[QualityFlag]] = {}
    for flag in standing:
        if flag.quality in (Quality.BAD, Quality.MEDIUM):
            flags.setdefault(flag.subsystem, []).append(flag)
    raised = set(
        Alarm.objects.filter(namespace=run.namespace, run_number=run.run_number, cleared_at=None).values_list(
            "subject", flat=True
        )
    )
    wanted: dict[str, Row] = {}
    for subsystem, of_it in flags.items():
        subject = alarm_subject(KIND, subsystem)
        bad = [flag for flag in of_it if flag.quality == Quality.BAD]
        if bad or subject in raised:
            wanted[subject] = {"run_number": run.run_number, "text": _text(run, bad or of_it)}
    alarms.settle(run.namespace, KIND, wanted, run_number=run.run_number)


def _text(run: Run, flags: Sequence[QualityFlag]) -> str:
    said = [f"{one.check_name}{f' ({one.part})' if one.part else ''}: {one.reason}" for one in flags]
    return f"run {run.run_number}: {'; '.join(sorted(said))}"[:SHORT_TEXT_CHARS]


def _mark_histograms(run: Run, subsystems: set[str]) -> None:
    """A histogram is as good as the worst that checks say who look at it."""
    flags = QualityFlag.objects.filter(run=run, subsystem__in=subsystems, histogram__isnull=False)
    found = flags.filter(until=None) if run.end_time is None else flags
    for (subsystem, name), quality in worst_by(
        found.values_list("subsystem", "histogram", "quality")
    ).items():
        Histogram.objects.filter(run=run, subsystem=subsystem, name=name).exclude(quality=quality).update(
            quality=quality
        )


def of_run(run: Run) -> dict[str, str]:
    """The worst judgement of each subsystem, by name: of those that hold, or of all of a run that has ended.

    That there is too little data counts only where nothing else is said.
    """
    return of_runs([run])[run.run_number]


def of_runs(runs: Iterable[Run]) -> dict[int, dict[str, str]]:
    """The same of several runs, by number, in one query."""
    found: dict[int, dict[str, str]] = {run.run_number: {} for run in runs}
    counts = Q(run__end_time__isnull=False) | Q(until=None)
    flags = QualityFlag.objects.filter(counts, run__in=found).order_by("subsystem")
    rows = list(flags.values_list("run", "subsystem", "quality").distinct())
    for number, subsystem, _ in rows:
        found[number][subsystem] = Quality.NULL.value
    for (number, subsystem), quality in worst_by(row for row in rows if row[2] != Quality.NULL).items():
        found[number][subsystem] = quality
    return found


def worst_by(rows: Iterable[tuple[Any, ...]]) -> Mapping[tuple[Any, ...], str]:
    """The worst quality, the last of each row, by what stands before it."""
    found: dict[tuple[Any, ...], str] = {}
    for *key, quality in rows:
        known = found.get(tuple(key))
        if known is None or _BADNESS[Quality(quality)] > _BADNESS[Quality(known)]:
            found[tuple(key)] = quality
    return found
