"""The plan of a run: eight steps in order, the STFs that were asked for, and time that adds up."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.plan import Announcement, Enter, Step, TakeStf, Wait, announcement, duration_s, plan
from swf_testbed.model import states
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.states import check_transition

FRAMES = 1000

timings = st.builds(
    DaqStateMachine,
    physics_period_count=st.integers(1, 7),
    physics_period_duration=st.floats(0.5, 30),
    standby_duration=st.floats(0, 5),
    stf_interval=st.floats(0.5, 5),
    stf_generation_time=st.floats(0, 3),
    stf_count=st.none() | st.integers(0, 40),
)


def parameters(timing: DaqStateMachine) -> Parameters:
    return Parameters(daq_state_machine=timing, simulation=Simulation(tf_per_stf=FRAMES))


def steps(timing: DaqStateMachine) -> list[Step]:
    return list(plan(parameters(timing)))


def entered(timing: DaqStateMachine) -> list[Enter]:
    return [step for step in steps(timing) if isinstance(step, Enter)]


def announced(timing: DaqStateMachine) -> list[tuple[str, Announcement | None]]:
    """The states that are entered, and what is said of each."""
    found, before, open_run = [], states.OFF, False
    for step in entered(timing):
        said = announcement(before, step.state, open_run=open_run)
        open_run = said is not Announcement.END_RUN and (open_run or said is not None)
        found.append((str(step.state), said))
        before = step.state
    return found


def stfs(timing: DaqStateMachine) -> list[TakeStf]:
    return [step for step in steps(timing) if isinstance(step, TakeStf)]


def test_the_eight_steps_are_the_field_s_own() -> None:
    assert announced(DaqStateMachine()) == [
        ("no_beam/not_ready", None),
        ("beam/not_ready", Announcement.RUN_IMMINENT),
        ("beam/ready", None),
        ("run/physics", Announcement.START_RUN),
        ("run/standby", Announcement.PAUSE_RUN),
        ("run/physics", Announcement.RESUME_RUN),
        ("beam/not_ready", Announcement.END_RUN),
        ("no_beam/not_ready", None),
    ]


def test_the_default_run_takes_as_long_as_its_delays_say() -> None:
    assert len(stfs(DaqStateMachine())) == 10
    assert duration_s(Parameters()) == pytest.approx(5 + (1 + 5) + 2 + 1 + 10 + 2 + 10 + 5)


def test_a_period_lasts_as_long_as_it_should_when_stfs_do_not_fill_it() -> None:
    timing = DaqStateMachine(physics_period_count=1, physics_period_duration=10, stf_interval=3)
    assert len(stfs(timing)) == 3
    assert duration_s(parameters(timing)) == pytest.approx(5 + 6 + 2 + 1 + 10 + 5)


@given(timings)
def test_every_transition_is_legal_and_a_run_begins_and_ends_once(timing: DaqStateMachine) -> None:
    way = [states.OFF, *(step.state for step in entered(timing))]
    for before, after in itertools.pairwise(way):
        check_transition(before, after)
    said = [what for _, what in announced(timing) if what]
    assert said[:2] == [Announcement.RUN_IMMINENT, Announcement.START_RUN]
    assert said[2:-1] == [Announcement.PAUSE_RUN, Announcement.RESUME_RUN] * (timing.physics_period_count - 1)
    assert said[-1] is Announcement.END_RUN


@given(st.integers(0, 300), st.integers(0, 50))
def test_a_count_is_kept_exactly_whatever_the_number_of_periods(count: int, periods: int) -> None:
    made = stfs(DaqStateMachine(stf_count=count, physics_period_count=periods))
    assert [step.sequence for step in made] == list(range(1, count + 1))


@given(timings)
def test_time_adds_up(timing: DaqStateMachine) -> None:
    waits = [step for step in steps(timing) if isinstance(step, Wait)]
    assert all(step.seconds >= 0 for step in waits)
    assert all(step.seconds >= 0 and step.seconds <= FRAMES * TF_NS * 1e-9 for step in stfs(timing))
    a_stf = max(timing.stf_interval, timing.stf_generation_time)
    physics = timing.physics_period_count * timing.physics_period_duration
    if timing.stf_count is not None:
        physics = timing.stf_count * a_stf
    elif timing.physics_period_duration >= a_stf:
        assert len(stfs(timing)) >= timing.physics_period_count
    around = 5 + 6 + 2 + 1 + 5 + (timing.physics_period_count - 1) * timing.standby_duration
    assert duration_s(parameters(timing)) == pytest.approx(around + physics)


@settings(max_examples=30)
@given(st.floats(0.1, 10), st.floats(0.1, 10))
def test_a_plan_without_end_moves_on_in_time(duration: float, interval: float) -> None:
    """Even when no STF fits into a period: nobody is flooded with pauses."""
    timing = DaqStateMachine(
        physics_period_count=0, physics_period_duration=duration, stf_interval=interval, standby_duration=0
    )
    assert duration_s(parameters(timing)) is None
    passed = 0.0
    periods = 0
    for step in plan(parameters(timing)):
        match step:
            case Wait(seconds):
                passed += seconds
            case TakeStf(_, _, seconds, writing_s):
                passed += seconds + writing_s
            case Enter(states.STANDBY):
                periods += 1
        if periods == 5:
            break
    assert passed == pytest.approx(14 + 5 * duration)
