"""The plan of a DAQ as pure steps: which states, for how long, and when the STFs of each stream are taken.

A schedule says which states are entered and for how long; without one it is the eight steps of one run.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.parameters import Parameters
from swf_testbed.model import states
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.states import DaqState, State, takes_data


class Announcement(StrEnum):
    """What is said of a change of state; the values are message types."""

    RUN_IMMINENT = "run_imminent"
    START_RUN = "start_run"
    PAUSE_RUN = "pause_run"
    RESUME_RUN = "resume_run"
    END_RUN = "end_run"


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter a state, and say what `announcement` has for this change."""

    state: DaqState


@dataclass(frozen=True, slots=True)
class Wait:
    """Let simulated time pass, s."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TakeStf:
    """Take the data of one STF for `seconds`, then write it in `writing_s`; `sequence` counts from 1."""

    stream: str
    sequence: int
    seconds: float
    writing_s: float


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Do the steps of each stream at the same time; all take equally long."""

    streams: "tuple[tuple[TakeStf | Wait, ...], ...]"


Step = Enter | Wait | TakeStf | SideBySide


@dataclass(frozen=True, slots=True)
class Stay:
    """A state for `lead` seconds without data and then `seconds` more, or as long as `stfs` STFs take."""

    state: DaqState
    seconds: float = 0.0
    lead: float = 0.0
    stfs: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """How a stream takes STFs, s: one each `interval`, `taking` of it data and `writing_s` writing."""

    name: str
    interval: float
    taking: float
    writing_s: float

    def fit(self, seconds: float) -> int:
        """How many whole STFs there are in that time."""
        return int(seconds / self.interval + 1e-9)

    def take(self, first: int, count: int, seconds: float) -> "Iterator[TakeStf | Wait]":
        """`count` STFs numbered from `first`, and what then remains of the time."""
        pause = self.interval - self.taking - self.writing_s
        for sequence in range(first, first + count):
            yield TakeStf(self.name, sequence, self.taking, self.writing_s)
            if pause > 0:
                yield Wait(pause)
        if (rest := seconds - count * self.interval) > 0:
            yield Wait(rest)


def intervals_of(parameters: Parameters) -> tuple[float, ...]:
    """How far apart the STFs of each stream are to be, s."""
    usual = parameters.daq_state_machine.stf_interval
    return (usual, *(side.stf_interval or usual for side in parameters.simulation.streams))


def streams_of(parameters: Parameters) -> tuple[Stream, ...]:
    """The streams that are taken, the one that counts first."""
    writing_s = parameters.daq_state_machine.stf_generation_time
    return tuple(
        _stream(sends.stream, interval, writing_s, sends.tf_per_stf)
        for sends, interval in zip(
            parameters.simulation.of_each_stream(), intervals_of(parameters), strict=True
        )
    )


def _stream(name: str, interval: float, writing_s: float, frames: int) -> Stream:
    room = max(0.0, interval - writing_s)
    return Stream(name, max(interval, writing_s), min(frames * TF_NS * 1e-9, room), writing_s)


_ALWAYS_SAID = {
    (states.BEAM_READY, states.PHYSICS): Announcement.START_RUN,
    (states.PHYSICS, states.STANDBY): Announcement.PAUSE_RUN,
    (states.STANDBY, states.PHYSICS): Announcement.RESUME_RUN,
}


def announcement(before: DaqState, after: DaqState, *, open_run: bool) -> Announcement | None:
    """What a change of state means for a run; `open_run`: one was announced, and has not ended."""
    match before, after:
        case (State.NO_BEAM, _), states.BEAM_NOT_READY:
            return Announcement.RUN_IMMINENT
        case states.BEAM_NOT_READY, states.BEAM_READY:  # the second run of one filling of the collider
            return None if open_run else Announcement.RUN_IMMINENT
        case ((State.RUN, _), states.BEAM_NOT_READY) | ((State.BEAM, _), states.NO_BEAM):
            return Announcement.END_RUN if open_run else None
    return _ALWAYS_SAID.get((before, after))


def plan(parameters: Parameters) -> Iterator[Step]:
    """The steps of a configuration: its schedule, or else one run; without end if that is without end."""
    timing, streams = parameters.daq_state_machine, streams_of(parameters)
    taken: Counter[str] = Counter()
    before = states.OFF
    for stay in _scheduled(timing) if timing.schedule else _one_run(timing):
        if stay.state != before:
            yield Enter(stay.state)
        if _starts_run(before, stay.state):
            taken.clear()
        if stay.lead:
            yield Wait(stay.lead)
        if takes_data(stay.state):
            yield from _data(stay, streams, taken)
        elif stay.seconds:
            yield Wait(stay.seconds)
        before = stay.state


def _starts_run(before: DaqState, after: DaqState) -> bool:
    return before == states.BEAM_READY and after == states.PHYSICS


def _data(stay: Stay, streams: Sequence[Stream], taken: Counter[str]) -> Iterator[Step]:
    """The STFs of one period, of all streams."""
    counts = {streams[0].name: streams[0].fit(stay.seconds) if stay.stfs is None else stay.stfs}
    seconds = stay.seconds if stay.stfs is None else stay.stfs * streams[0].interval
    counts |= {stream.name: stream.fit(seconds) for stream in streams[1:]}
    sides = [stream.take(taken[stream.name] + 1, counts[stream.name], seconds) for stream in streams]
    taken.update(counts)
    if len(sides) == 1:
        yield from sides[0]
    elif seconds:
        yield SideBySide(tuple(tuple(side) for side in sides))


def _scheduled(timing: DaqStateMachine) -> Iterator[Stay]:
    """A schedule: after `start_run` nothing is taken for the time that it takes to get about."""
    before = states.OFF
    for step in timing.schedule:
        span = step.span or 0.0
        lead = timing.broadcast_delay if _starts_run(before, step.pair) else 0.0
        lead = lead if step.span is None else min(lead, span)
        yield Stay(step.pair, span - lead if step.span else 0.0, lead, step.stf_count)
        before = step.pair


def _one_run(timing: DaqStateMachine) -> Iterator[Stay]:
    """The eight steps of a simulated run; without end if `physics_period_count` and `stf_count` say so."""
    yield Stay(states.NO_BEAM, timing.no_beam_not_ready_delay)
    yield Stay(states.BEAM_NOT_READY, timing.broadcast_delay + timing.beam_not_ready_delay)
    yield Stay(states.BEAM_READY, timing.beam_ready_delay)
    for number, stfs in enumerate(_periods(timing)):
        if number:
            yield Stay(states.STANDBY, timing.standby_duration)
        lead = 0.0 if number else timing.broadcast_delay
        yield Stay(states.PHYSICS, timing.physics_period_duration, lead, stfs)
    yield Stay(states.BEAM_NOT_READY, timing.beam_not_ready_end_delay)
    yield Stay(states.NO_BEAM)


def _periods(timing: DaqStateMachine) -> Iterable[int | None]:
    """The STFs of each physics period, or None where durations decide; `stf_count` is shared out."""
    periods = timing.physics_period_count
    if timing.stf_count is not None:
        each, more = divmod(timing.stf_count, max(1, periods))
        return (each + (number < more) for number in range(max(1, periods)))
    return itertools.repeat(None, periods) if periods else itertools.repeat(None)


def runs_in(timing: DaqStateMachine) -> int:
    """How many runs are announced."""
    if not timing.schedule:
        return 1
    before, open_run, runs = states.OFF, False, 0
    for step in timing.schedule:
        match announcement(before, step.pair, open_run=open_run):
            case Announcement.RUN_IMMINENT:
                open_run, runs = True, runs + 1
            case Announcement.END_RUN:
                open_run = False
        before = step.pair
    return runs


def has_end(timing: DaqStateMachine) -> bool:
    """Whether the plan ends by itself."""
    return bool(timing.schedule) or timing.stf_count is not None or timing.physics_period_count > 0


def duration_s(parameters: Parameters) -> float | None:
    """How long the plan takes, s; None if it has no end."""
    if not has_end(parameters.daq_state_machine):
        return None
    return sum(map(seconds_of, plan(parameters)))


def seconds_of(step: Step) -> float:
    """How long a step takes, s."""
    match step:
        case Wait(seconds):
            return seconds
        case TakeStf(_, _, seconds, writing_s):
            return seconds + writing_s
        case SideBySide(streams):
            return max(sum(map(seconds_of, steps)) for steps in streams)
        case _:
            return 0.0
