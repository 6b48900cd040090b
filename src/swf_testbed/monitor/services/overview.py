"""A run as its shift crew sees it: every subsystem with its judgement, the worst first."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Max, Sum

from swf_testbed.fastmon.flags import worst
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import TF_NS, detectors
from swf_testbed.model.errors import NotFound
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import Quality, Severity
from swf_testbed.monitor.services.alarms import attention
from swf_testbed.monitor.services.hub import paces
from swf_testbed.monitor.services.run_figures import RunLine, run_line
from swf_testbed.monitor.store.models import Alarm, FastmonFile, Histogram, HistogramPart, QualityFlag, Run
from swf_testbed.records import Overview, StandingAlarm, SubsystemLine

BADNESS = {Quality.BAD: 0, Quality.MEDIUM: 1, Quality.NULL: 2, Quality.GOOD: 3}
"""In which order subsystems stand: what nobody judged comes before what is good."""

MOST_ALARMS = 50
MOST_FLAGS = 2000
TREND_PARTS = 48
_LATEST_BINS = 4
"""Filled bins of a trend that count as 'of late': 250 frames each in the first minutes of a run."""

_GRAVITY = {severity.value: rank for rank, severity in enumerate(reversed(Severity))}
_NOT_GOOD = frozenset({Quality.BAD, Quality.MEDIUM})


def newest_run(namespace: str | None = None) -> int:
    """The number of the newest run that goes on, of a namespace or of all; if none does, of the newest.

    Raises:
        NotFound: there is no run at all.
    """
    runs = Run.objects.all() if namespace is None else Run.objects.filter(namespace=namespace)
    ended = [phase for phase in RunPhase if phase.ended]
    going = runs.filter(end_time=None).exclude(run_state__phase__in=ended)
    found = going.values_list("run_number", flat=True).order_by("-run_number").first()
    if found is None:
        found = runs.values_list("run_number", flat=True).order_by("-run_number").first()
    if found is None:
        raise NotFound(f"there is no run{f' in the namespace {namespace}' if namespace else ''} yet")
    return found


def overview(run_number: int) -> Overview:
    """The overview of a run; `NotFound` if there is none of that number."""
    line = run_line(run_number)
    run, (pace,) = line.run, paces([line])
    lines = subsystem_lines(run)
    sampled = FastmonFile.objects.filter(stf_file__run=run).aggregate(frames=Sum("tf_count"))["frames"] or 0
    return Overview(
        time=now(),
        run_number=run_number,
        namespace=run.namespace,
        **_state(line),
        start_time=run.start_time,
        end_time=run.end_time,
        revision=run.histogram_revision,
        quality=worst(one.quality for one in lines),
        stfs=line.stfs,
        stfs_per_s=pace.stfs,
        frames=line.frames,
        sampled_frames=sampled,
        sampled_fraction=sampled / line.frames if line.frames else None,
        latency_s=pace.to_plot,
        plotted_at=HistogramPart.objects.filter(run=run).aggregate(at=Max("plotted_at"))["at"],
        alarms=standing_alarms(run.namespace),
        subsystems=tuple(sorted(lines, key=lambda one: BADNESS[one.quality])),
    )


def _state(line: RunLine) -> dict[str, str | None]:
    return {name: getattr(line.state, name, None) for name in ("phase", "state", "substate")}


def standing_alarms(namespace: str | None) -> tuple[StandingAlarm, ...]:
    """The alarms of a namespace that want attention, the gravest first."""
    rows = list(Alarm.objects.filter(attention(), namespace=namespace)[:MOST_ALARMS])
    rows.sort(key=lambda alarm: (_GRAVITY[alarm.severity], alarm.raised_at))
    return tuple(
        StandingAlarm(
            id=alarm.pk,
            severity=Severity(alarm.severity),
            subject=alarm.subject,
            text=alarm.text,
            raised_at=alarm.raised_at,
            acknowledged_by=alarm.acknowledged_by,
        )
        for alarm in rows
    )


def holding(run: Run) -> dict[str, list[QualityFlag]]:
    """The judgements of each subsystem that count: those that hold now, or all of a run that has ended."""
    flags = QualityFlag.objects.filter(run=run)
    if run.end_time is None:
        flags = flags.filter(until=None)
    found: dict[str, list[QualityFlag]] = {}
    for flag in flags[:MOST_FLAGS]:
        found.setdefault(flag.subsystem, []).append(flag)
    return found


def subsystem_lines(run: Run) -> list[SubsystemLine]:
    """Every subsystem of the detector, as its table has them."""
    judged, volumes = holding(run), _volumes(run.run_number, run.histogram_revision)
    return [
        SubsystemLine(
            subsystem=detector.name,
            title=detector.title,
            **_judgement(judged.get(detector.name, ())),
            **volumes.get(detector.name, _NO_VOLUME)._asdict(),
        )
        for detector in detectors()
    ]


def _judgement(flags: Sequence[QualityFlag]) -> dict[str, Any]:
    if not flags:
        return {"quality": Quality.NULL, "reason": ""}
    quality = worst(Quality(flag.quality) for flag in flags)
    flag = next(one for one in flags if one.quality == quality)
    if quality is Quality.GOOD:
        # Each check that finds nothing says so in its own words: of no interest beside one another.
        return {"quality": quality, "since": flag.since, "until": flag.until}
    return {
        "quality": quality,
        "check": flag.check_name,
        "histogram": flag.histogram,
        "reason": flag.reason,
        "since": flag.since,
        "until": flag.until,
        "findings": sum(one.quality in _NOT_GOOD for one in flags),
    }


class _Volume(NamedTuple):
    """As `SubsystemLine` has it."""

    hits_per_frame: float | None = None
    bytes_per_frame: float | None = None
    hits_hz: float | None = None
    bytes_per_s: float | None = None
    trend: tuple[float, ...] = ()


_NO_VOLUME = _Volume()


@lru_cache(maxsize=32)
def _volumes(run_number: int, revision: int) -> dict[str, _Volume]:
    """Rates by subsystem; they change only with the revision."""
    del revision
    rows = Histogram.objects.filter(run_id=run_number, name__in=("hits_per_frame", "bytes_per_frame"))
    means = {(row.subsystem, row.name): _filled(row.content) for row in rows}
    return {name: _volume(name, means) for name, _ in means}


def _volume(subsystem: str, means: Mapping[tuple[str, str], np.ndarray]) -> _Volume:
    hits = means.get((subsystem, "hits_per_frame"), np.empty(0))
    of_hits, of_bytes = _late(hits), _late(means.get((subsystem, "bytes_per_frame"), np.empty(0)))
    return _Volume(of_hits, of_bytes, _per_second(of_hits), _per_second(of_bytes), _parts(hits))


def _per_second(per_frame: float | None) -> float | None:
    return None if per_frame is None else per_frame / (TF_NS * 1e-9)


def _filled(document: dict[str, Any]) -> np.ndarray:
    """The bins of a trend up to the last that has any content; its overflow is left out."""
    values = np.asarray(document.get("storage", {}).get("values", []), np.float64)[:-1]
    return np.trim_zeros(values, "b")


def _late(bins: np.ndarray) -> float | None:
    filled = bins[bins > 0][-_LATEST_BINS:]
    return float(filled.mean()) if len(filled) else None


def _parts(bins: np.ndarray) -> tuple[float, ...]:
    """The mean of each of at most `TREND_PARTS` equal parts."""
    parts = np.array_split(bins, min(len(bins), TREND_PARTS)) if len(bins) else []
    return tuple(round(float(part.mean()), 2) for part in parts)
