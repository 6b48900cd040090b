"""What a shift crew wants to know of a run: every subsystem with its judgement, the worst first."""

from swf_testbed.model.fields import Count, Name, Namespace, RunNumber, Timestamp
from swf_testbed.model.status import Quality, Severity
from swf_testbed.records.base import FrozenDocument
from swf_testbed.records.results import Percentiles


class SubsystemLine(FrozenDocument):
    """One subsystem of a run.

    Attributes:
        quality: the worst of what checks say of it; null if none could judge it.
        check, histogram, reason, since, until: of that judgement.
        findings: judgements that are not good, this one included.
        hits_per_frame, bytes_per_frame: of late, in the mean over all frames; None before any are counted.
        hits_hz, bytes_per_s: the same for each second of beam.
        trend: hits a frame against time over the whole run, in equal parts; 0 where there were none.
    """

    subsystem: str
    title: str
    quality: Quality
    check: str | None = None
    histogram: str | None = None
    reason: str = ""
    since: Timestamp | None = None
    until: Timestamp | None = None
    findings: Count = 0
    hits_per_frame: float | None = None
    bytes_per_frame: float | None = None
    hits_hz: float | None = None
    bytes_per_s: float | None = None
    trend: tuple[float, ...] = ()


class StandingAlarm(FrozenDocument):
    """An alarm that is not cleared."""

    id: int
    severity: Severity
    subject: Name
    text: str
    raised_at: Timestamp
    acknowledged_by: Name | None


class Overview(FrozenDocument):
    """A run as its shift crew sees it.

    Attributes:
        time: when this was so.
        quality: the worst of all subsystems.
        frames, sampled_frames: of its STF files, and of its samples; `sampled_fraction` is their ratio.
        stfs_per_s, latency_s: of the last minute; latency is from the DAQ's egress to the plot.
        plotted_at: when the histograms last changed.
        alarms: those of its namespace that stand, the gravest first.
        subsystems: the worst first, and then as the detector's table has them.
    """

    time: Timestamp
    run_number: RunNumber
    namespace: Namespace | None
    phase: str | None
    state: str | None
    substate: str | None
    start_time: Timestamp | None
    end_time: Timestamp | None
    revision: Count
    quality: Quality
    stfs: Count
    stfs_per_s: float
    frames: Count
    sampled_frames: Count
    sampled_fraction: float | None
    latency_s: Percentiles
    plotted_at: Timestamp | None
    alarms: tuple[StandingAlarm, ...]
    subsystems: tuple[SubsystemLine, ...]
