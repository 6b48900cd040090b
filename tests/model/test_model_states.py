"""The state model: what may follow what, and what is said when it may not."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.model import states
from swf_testbed.model.errors import BadInput, IllegalTransition
from swf_testbed.model.states import (
    ALL_STATES,
    SUBSTATES,
    DaqState,
    RunPhase,
    State,
    Walk,
    check_transition,
    daq_state,
    legal_after,
    phase_may_follow,
    takes_data,
)

# The table of states.md, one row each: from, to.
TABLE = [
    ("off", "no_beam/*"),
    ("no_beam/*", "beam/not_ready"),
    ("beam/not_ready", "beam/ready"),
    ("beam/ready", "beam/not_ready"),
    ("beam/ready", "run/physics"),
    ("run/physics", "run/standby"),
    ("run/standby", "run/physics"),
    ("run/*", "beam/not_ready"),
    ("beam/*", "no_beam/not_ready"),
    ("no_beam/*", "off"),
    ("no_beam/*", "calib/not_ready"),
    ("calib/not_ready", "no_beam/*"),
]


def pairs(pattern: str) -> set[DaqState]:
    state, _, substate = pattern.partition("/")
    return {pair for pair in ALL_STATES if pair.state == state and substate in {"*", "", pair.substate}}


LEGAL = {(before, after) for row in TABLE for before, after in itertools.product(*map(pairs, row))}
CORE = sorted((pair for pair in ALL_STATES if pair.state is not State.TEST), key=str)


@pytest.mark.parametrize("before", CORE, ids=str)
def test_exactly_the_transitions_of_the_table_are_legal(before: DaqState) -> None:
    for after in CORE:
        if (before, after) in LEGAL:
            check_transition(before, after)
        else:
            with pytest.raises(IllegalTransition) as refused:
                check_transition(before, after)
            assert f"{before} cannot become {after}" in str(refused.value)
            assert all(str(pair) in str(refused.value) for pair in CORE if (before, pair) in LEGAL)


@pytest.mark.parametrize("before", CORE, ids=str)
def test_testing_is_entered_from_anywhere_and_left_to_where_it_came_from(before: DaqState) -> None:
    for test in pairs("test/*"):
        check_transition(before, test)
        check_transition(test, before, before_test=before)
        elsewhere = {pair for pair in legal_after(test, before_test=before) if pair.state is not State.TEST}
        assert elsewhere == {before}


def test_a_refusal_says_what_would_be_legal() -> None:
    with pytest.raises(IllegalTransition) as refused:
        check_transition(states.BEAM_NOT_READY, states.PHYSICS)
    assert str(refused.value) == (
        "beam/not_ready cannot become run/physics; "
        "from beam/not_ready it may become beam/ready, no_beam/not_ready or test"
    )
    with pytest.raises(IllegalTransition, match=r"from test it may become test$"):
        check_transition(DaqState(State.TEST, None), states.PHYSICS)


def test_the_words_of_the_table_and_only_those_make_a_state() -> None:
    assert daq_state("run", "physics") == states.PHYSICS
    assert daq_state("off", None) == states.OFF
    assert str(daq_state("off", None)) == "off"
    with pytest.raises(BadInput, match="state = 'runn': must be one of off, no_beam, beam, run, calib, test"):
        daq_state("runn", "physics")
    with pytest.raises(BadInput, match="substate = 'ready': with state run, must be one of calib, daq"):
        daq_state("run", "ready")
    with pytest.raises(BadInput, match="substate = None: with state beam"):
        daq_state("beam", None)


@given(st.text(), st.none() | st.text() | st.sampled_from([*SUBSTATES[State.TEST]]))
def test_any_other_words_are_refused_by_name(state: str, substate: str | None) -> None:
    if (state, substate) in ALL_STATES:
        assert daq_state(state, substate) == (state, substate)
    else:
        with pytest.raises(BadInput, match="state = "):
            daq_state(state, substate)


@given(st.lists(st.sampled_from(RunPhase)))
def test_a_run_never_goes_back_to_its_beginning_and_never_reopens(said: list[RunPhase]) -> None:
    """Whatever arrives, in whatever order and however often."""
    phase: RunPhase | None = None
    passed: list[RunPhase] = []
    for wanted in said:
        if phase_may_follow(phase, wanted):
            phase = wanted
            passed.append(wanted)
    assert RunPhase.IMMINENT not in passed[1:]
    assert not any(before.ended for before in passed[:-1])
    assert all(before is not after for before, after in itertools.pairwise(passed))


def test_a_run_goes_through_its_phases() -> None:
    way = [None, RunPhase.IMMINENT, RunPhase.PHYSICS, RunPhase.STANDBY, RunPhase.PHYSICS, RunPhase.COMPLETED]
    assert all(phase_may_follow(before, after) for before, after in itertools.pairwise(way) if after)
    assert all(
        phase_may_follow(before, RunPhase.ABORTED) for before in way if before is not RunPhase.COMPLETED
    )


def walked(*way: str) -> Walk:
    walk = Walk()
    for text in way:
        state, _, substate = text.partition("/")
        walk.enter(daq_state(state, substate or None))
    return walk


def test_a_walk_remembers_where_a_test_was_entered_from() -> None:
    walk = walked("no_beam/not_ready", "beam/not_ready", "test", "test/daq")
    with pytest.raises(IllegalTransition, match="test/daq cannot become beam/ready"):
        walk.enter(states.BEAM_READY)
    walk.enter(states.BEAM_NOT_READY)
    assert walk.state == states.BEAM_NOT_READY


@given(st.lists(st.sampled_from(sorted(ALL_STATES, key=str)), max_size=60))
def test_there_is_a_legal_way_home_from_everywhere(wanted: list[DaqState]) -> None:
    walk = Walk()
    for pair in wanted:
        with contextlib.suppress(IllegalTransition):
            walk.enter(pair)
    for pair in walk.way_home():
        walk.enter(pair)
    assert walk.state.state in {State.OFF, State.NO_BEAM}


def test_data_is_taken_in_physics_alone() -> None:
    assert [pair for pair in ALL_STATES if takes_data(pair)] == [states.PHYSICS]
