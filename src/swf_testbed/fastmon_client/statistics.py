"""What the stream says of each run, counted as it comes."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from swf_testbed.messages import ALIASES, REGISTRY, Alarm, Message, QualityFlagged, StfReady, TfFileRegistered
from swf_testbed.messages.lifecycle import LIFECYCLE, Lifecycle
from swf_testbed.model.clock import iso
from swf_testbed.model.states import RunPhase, phase_may_follow
from swf_testbed.model.status import Quality
from swf_testbed.monitor_client import Event

MOST_RUNS = 100
"""Runs that are kept, the latest: who follows for months does not grow without end."""

MOST_LATENCIES = 10_000
"""The latest ones of a run, of which percentiles are told."""

FOLLOWED = ("tf_file_registered", *LIFECYCLE, "stf_ready", "quality_flag", "alarm")
"""The message types that statistics are made of."""


class Percentiles(NamedTuple):
    """Of latencies, s."""

    p50: float
    p95: float
    max: float


def understood(event: Event) -> Message | None:
    """The message of an event; None if this version does not know its type, or it lacks what it must have."""
    cls = REGISTRY.get(ALIASES.get(event.event, event.event))
    try:
        return None if cls is None else cls.model_validate({**event.data, "msg_type": _name(event)})
    except ValidationError:
        return None


def _name(event: Event) -> str:
    return ALIASES.get(event.event, event.event)


def latency_s(sample: TfFileRegistered) -> float | None:
    """From the file's leaving the DAQ to the announcement of the sample; None if not known when it left.

    Both times are the testbed's, so that the clock of who looks does not matter.
    """
    if sample.egress_at is None:
        return None
    return max(0.0, (sample.timestamp - sample.egress_at).total_seconds())


@dataclass
class RunStatistics:
    """One run; volume in bytes, rates by the times at which the samples were announced."""

    run: int
    execution_id: str | None = None
    phase: RunPhase | None = None
    stfs: int = 0
    samples: int = 0
    frames: int = 0
    volume: int = 0
    first: datetime | None = None
    last: datetime | None = None
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LATENCIES))
    quality: dict[tuple[str, str], QualityFlagged] = field(default_factory=dict)

    def add_sample(self, sample: TfFileRegistered) -> None:
        """Count a sample."""
        self.samples += 1
        self.frames += sample.tf_count
        self.volume += sample.file_size_bytes
        self.first = min(self.first or sample.timestamp, sample.timestamp)
        self.last = max(self.last or sample.timestamp, sample.timestamp)
        latency = latency_s(sample)
        if latency is not None:
            self.latencies.append(latency)

    def flag(self, flag: QualityFlagged) -> None:
        """The latest judgement of a check on a subsystem holds."""
        before = self.quality.get((flag.subsystem, flag.check))
        if before is None or flag.timestamp >= before.timestamp:
            self.quality[flag.subsystem, flag.check] = flag

    def enter(self, phase: RunPhase) -> None:
        """A late message moves no run backwards."""
        if phase_may_follow(self.phase, phase):
            self.phase = phase

    @property
    def seconds(self) -> float:
        """From the first sample to the last, s; 0 while there is no second."""
        return (self.last - self.first).total_seconds() if self.first and self.last else 0.0

    def rate(self, amount: int) -> float | None:
        """An amount per second; None while nothing can be said."""
        return amount / self.seconds if self.seconds > 0 else None

    @property
    def latency(self) -> Percentiles | None:
        """Percentiles; None without any."""
        ordered = sorted(self.latencies)
        if not ordered:
            return None
        last = len(ordered) - 1
        return Percentiles(ordered[round(0.5 * last)], ordered[round(0.95 * last)], ordered[-1])

    @property
    def flagged(self) -> list[QualityFlagged]:
        """What is not good, worst first."""
        rank = {Quality.BAD: 0, Quality.MEDIUM: 1}
        flags = [flag for flag in tuple(self.quality.values()) if flag.quality in rank]
        return sorted(flags, key=lambda flag: (rank[flag.quality], flag.subsystem, flag.check))

    def document(self) -> dict[str, Any]:
        """For scripts; rates are null while there is no second sample."""
        latency = self.latency
        return {
            "run_id": self.run,
            "execution_id": self.execution_id,
            "phase": self.phase,
            "stfs": self.stfs,
            "samples": self.samples,
            "frames": self.frames,
            "bytes": self.volume,
            "first_sample": iso(self.first) if self.first else None,
            "last_sample": iso(self.last) if self.last else None,
            "samples_per_s": self.rate(self.samples),
            "frames_per_s": self.rate(self.frames),
            "bytes_per_s": self.rate(self.volume),
            "latency_s": latency._asdict() if latency else None,
            "quality": {
                f"{flag.subsystem}/{flag.check}": flag.quality.value for flag in self.quality.values()
            },
        }


class Statistics:
    """Of all runs of which something was said, the latest last."""

    def __init__(self) -> None:
        self.messages = 0
        self.not_understood = 0
        self.alarms: dict[str, Alarm] = {}
        """Those that are raised, by subject."""

        self._runs: OrderedDict[int, RunStatistics] = OrderedDict()

    def add(self, event: Event) -> Message | None:
        """Count an event; its message, if it is one of ours."""
        self.messages += 1
        message = understood(event)
        if message is None:
            self.not_understood += 1
        elif isinstance(message, Alarm):
            self._note(message)
        elif message.run_id is not None:
            self._count(self._run(message.run_id), message)
        return message

    @property
    def runs(self) -> tuple[RunStatistics, ...]:
        """The runs; another thread may ask while this one counts."""
        return tuple(self._runs.values())

    def _run(self, number: int) -> RunStatistics:
        run = self._runs.setdefault(number, RunStatistics(number))
        self._runs.move_to_end(number)
        if len(self._runs) > MOST_RUNS:
            self._runs.popitem(last=False)
        return run

    @staticmethod
    def _count(run: RunStatistics, message: Message) -> None:
        run.execution_id = message.execution_id or run.execution_id
        if isinstance(message, TfFileRegistered):
            run.add_sample(message)
        elif isinstance(message, StfReady):
            run.stfs += 1
        elif isinstance(message, QualityFlagged):
            run.flag(message)
        elif isinstance(message, Lifecycle):
            run.enter(message.phase)

    def _note(self, alarm: Alarm) -> None:
        if alarm.state == "raised":
            self.alarms[alarm.subject] = alarm
        else:
            self.alarms.pop(alarm.subject, None)
