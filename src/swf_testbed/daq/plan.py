"""The plan of a run as pure steps: the states, what is said on entry, how long, and when STFs are taken."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from swf_testbed.config.parameters import DaqStateMachine
from swf_testbed.model import states
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.states import DaqState, State


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

    sequence: int
    seconds: float
    writing_s: float


Step = Enter | Wait | TakeStf


def announcement(before: DaqState, after: DaqState, *, open_run: bool) -> Announcement | None:
    """What a change of state means for a run; `open_run`: one was announced, and has not ended."""
    match before, after:
        case (State.NO_BEAM, _), states.BEAM_NOT_READY:
            return Announcement.RUN_IMMINENT
        case states.BEAM_READY, states.PHYSICS:
            return Announcement.START_RUN
        case states.PHYSICS, states.STANDBY:
            return Announcement.PAUSE_RUN
        case states.STANDBY, states.PHYSICS:
            return Announcement.RESUME_RUN
        case ((State.RUN, _), states.BEAM_NOT_READY) | ((State.BEAM, _), states.NO_BEAM) if open_run:
            return Announcement.END_RUN
    return None


def plan(timing: DaqStateMachine, tf_per_stf: int) -> Iterator[Step]:
    """The eight steps of a simulated run; without end if `physics_period_count` and `stf_count` say so."""
    yield Enter(states.NO_BEAM)
    yield Wait(timing.no_beam_not_ready_delay)
    yield Enter(states.BEAM_NOT_READY)
    yield Wait(timing.broadcast_delay + timing.beam_not_ready_delay)
    yield Enter(states.BEAM_READY)
    yield Wait(timing.beam_ready_delay)
    yield from _physics(timing, tf_per_stf)
    yield Enter(states.BEAM_NOT_READY)
    yield Wait(timing.beam_not_ready_end_delay)
    yield Enter(states.NO_BEAM)


def _physics(timing: DaqStateMachine, tf_per_stf: int) -> Iterator[Step]:
    sequence = itertools.count(1)
    for number, (stfs, rest) in enumerate(_periods(timing)):
        if number:
            yield Enter(states.STANDBY)
            yield Wait(timing.standby_duration)
            yield Enter(states.PHYSICS)
        else:
            yield Enter(states.PHYSICS)
            yield Wait(timing.broadcast_delay)
        for _ in range(stfs):
            yield from _one_stf(next(sequence), timing, tf_per_stf)
        if rest:
            yield Wait(rest)


def _one_stf(sequence: int, timing: DaqStateMachine, tf_per_stf: int) -> Iterator[Step]:
    room = max(0.0, timing.stf_interval - timing.stf_generation_time)
    taking = min(tf_per_stf * TF_NS * 1e-9, room)
    yield TakeStf(sequence, taking, timing.stf_generation_time)
    yield Wait(max(0.0, room - taking))


def _periods(timing: DaqStateMachine) -> Iterator[tuple[int, float]]:
    """For each physics period its STFs, and the seconds that remain after them.

    `stf_count` is shared out, and comes before durations.
    """
    periods = timing.physics_period_count
    if timing.stf_count is not None:
        each, more = divmod(timing.stf_count, max(1, periods))
        yield from ((each + (number < more), 0.0) for number in range(max(1, periods)))
        return
    interval = max(timing.stf_interval, timing.stf_generation_time)
    each = int(timing.physics_period_duration / interval + 1e-9)
    period = each, max(0.0, timing.physics_period_duration - each * interval)
    yield from itertools.repeat(period, periods) if periods else itertools.repeat(period)


def duration_s(timing: DaqStateMachine, tf_per_stf: int) -> float | None:
    """How long the plan takes, s; None if it has no end."""
    if timing.stf_count is None and timing.physics_period_count == 0:
        return None
    return sum(_seconds(step) for step in plan(timing, tf_per_stf))


def _seconds(step: Step) -> float:
    match step:
        case Wait(seconds):
            return seconds
        case TakeStf(_, seconds, writing_s):
            return seconds + writing_s
        case _:
            return 0.0
