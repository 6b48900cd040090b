"""The phases of a run on a time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from swf_testbed.model.clock import now
from swf_testbed.model.states import RunPhase
from swf_testbed.monitor.store.models import Run, SystemStateEvent

PHASES = {
    "run_imminent": RunPhase.IMMINENT.value,
    "start_run": RunPhase.PHYSICS.value,
    "resume_run": RunPhase.PHYSICS.value,
    "pause_run": RunPhase.STANDBY.value,
}
"""The phase that each message of a run's life begins, except its end."""

_LEAST_SHARE = 0.4
"""Percent of the axis that every phase is at least wide, so that it can be pointed at."""

_TICKS = 5


@dataclass(frozen=True, slots=True)
class Band:
    """A state that lasted, and where it is drawn, in percent of the axis."""

    begin: datetime
    end: datetime
    event: str
    state: str
    phase: str
    left: float
    width: float

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.end - self.begin).total_seconds()


@dataclass(frozen=True, slots=True)
class Axis:
    """The bands of a run, and the ticks below them: percent of the axis, and seconds since it begins."""

    bands: list[Band]
    ticks: list[tuple[float, float]]

    @property
    def begin(self) -> datetime | None:
        """Where it begins."""
        return self.bands[0].begin if self.bands else None


def axis_of(run: Run, newest_first: Sequence[SystemStateEvent]) -> Axis:
    """The history of a run as bands, from one event to the next; the last until the end, or now."""
    events = sorted(newest_first, key=lambda event: (event.timestamp, event.id))
    if not events:
        return Axis([], [])
    begin = events[0].timestamp
    last = events[-1].timestamp
    end = max(last, run.end_time or now())
    span = (end - begin).total_seconds() or 1.0
    bands = []
    for event, after in zip(events, [*(later.timestamp for later in events[1:]), end], strict=True):
        if after == event.timestamp and event is not events[-1]:
            continue
        left = 100 * (event.timestamp - begin).total_seconds() / span
        width = 100 * (after - event.timestamp).total_seconds() / span
        bands.append(
            Band(
                begin=event.timestamp,
                end=after,
                event=event.event_type,
                state="/".join(filter(None, (event.state, event.substate))),
                phase=PHASES.get(event.event_type, "ended" if event.event_type == "end_run" else ""),
                left=min(left, 100 - _LEAST_SHARE),
                width=max(width, _LEAST_SHARE),
            )
        )
    return Axis(bands, [(100 * tick / _TICKS, span * tick / _TICKS) for tick in range(_TICKS + 1)])
