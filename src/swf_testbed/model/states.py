"""The datataking state model: pairs of state and substate, and what may follow what."""

from enum import StrEnum
from typing import NamedTuple

from swf_testbed.model.errors import BadInput, IllegalTransition, one_of


class State(StrEnum):
    """What the collider and the detector are doing."""

    OFF = "off"
    NO_BEAM = "no_beam"
    BEAM = "beam"
    RUN = "run"
    CALIB = "calib"
    TEST = "test"


class Substate(StrEnum):
    """Readiness, or the flavour of data, within a state."""

    NOT_READY = "not_ready"
    READY = "ready"
    PHYSICS = "physics"
    STANDBY = "standby"
    LUMI = "lumi"
    EIC = "eic"
    EPIC = "epic"
    DAQ = "daq"
    CALIB = "calib"


class DaqState(NamedTuple):
    """The pair that is in effect; printed `run/physics`."""

    state: State
    substate: Substate | None

    def __str__(self) -> str:
        return self.state.value if self.substate is None else f"{self.state.value}/{self.substate.value}"


_COMMON_FLAVOURS = frozenset({Substate.EIC, Substate.EPIC, Substate.DAQ, Substate.CALIB})
_BEAM_FLAVOURS = _COMMON_FLAVOURS | {Substate.LUMI}

SUBSTATES: dict[State, frozenset[Substate]] = {
    State.OFF: _COMMON_FLAVOURS,
    State.NO_BEAM: _COMMON_FLAVOURS | {Substate.NOT_READY},
    State.BEAM: _BEAM_FLAVOURS | {Substate.NOT_READY, Substate.READY},
    State.RUN: _BEAM_FLAVOURS | {Substate.PHYSICS, Substate.STANDBY},
    State.CALIB: _COMMON_FLAVOURS | {Substate.NOT_READY},
    State.TEST: frozenset(Substate),
}
"""The substates that each state may have."""

_SUBSTATE_OPTIONAL = frozenset({State.OFF, State.TEST})

OFF = DaqState(State.OFF, None)
NO_BEAM = DaqState(State.NO_BEAM, Substate.NOT_READY)
BEAM_NOT_READY = DaqState(State.BEAM, Substate.NOT_READY)
BEAM_READY = DaqState(State.BEAM, Substate.READY)
PHYSICS = DaqState(State.RUN, Substate.PHYSICS)
STANDBY = DaqState(State.RUN, Substate.STANDBY)
CALIBRATION = DaqState(State.CALIB, Substate.NOT_READY)


def _family(state: State) -> frozenset[DaqState]:
    pairs = {DaqState(state, substate) for substate in SUBSTATES[state]}
    return frozenset(pairs | ({DaqState(state, None)} if state in _SUBSTATE_OPTIONAL else set()))


ALL_STATES: frozenset[DaqState] = frozenset().union(*(_family(state) for state in State))
"""Every pair that exists."""


def _core_transitions() -> dict[DaqState, set[DaqState]]:
    after: dict[DaqState, set[DaqState]] = {pair: set() for pair in ALL_STATES}
    for pair in _family(State.OFF):
        after[pair] |= _family(State.NO_BEAM)
    for pair in _family(State.NO_BEAM):
        after[pair] |= {BEAM_NOT_READY, CALIBRATION} | _family(State.OFF)
    for pair in _family(State.BEAM):
        after[pair].add(NO_BEAM)
    after[BEAM_NOT_READY].add(BEAM_READY)
    after[BEAM_READY] |= {BEAM_NOT_READY, PHYSICS}
    for pair in _family(State.RUN):
        after[pair].add(BEAM_NOT_READY)
    after[PHYSICS].add(STANDBY)
    after[STANDBY].add(PHYSICS)
    after[CALIBRATION] |= _family(State.NO_BEAM)
    for pair in ALL_STATES:
        if pair.state is not State.TEST:
            after[pair] |= _family(State.TEST)
    return after


_AFTER = _core_transitions()


def daq_state(state: str, substate: str | None) -> DaqState:
    """The pair of two words.

    Raises:
        BadInput: a word does not exist, or the state does not have that substate.
    """
    if state not in set(State):
        raise BadInput("state", state, one_of(State))
    known = State(state)
    if substate is None and known in _SUBSTATE_OPTIONAL:
        return DaqState(known, None)
    if substate not in {entry.value for entry in SUBSTATES[known]}:
        raise BadInput("substate", substate, f"with state {known.value}, {one_of(sorted(SUBSTATES[known]))}")
    return DaqState(known, Substate(substate))


def legal_after(current: DaqState, *, before_test: DaqState | None = None) -> frozenset[DaqState]:
    """The pairs that may follow; `before_test` is where a test was entered from and may return to."""
    if current.state is State.TEST:
        return _family(State.TEST) - {current} | ({before_test} if before_test else frozenset())
    return frozenset(_AFTER[current])


def check_transition(current: DaqState, wanted: DaqState, *, before_test: DaqState | None = None) -> None:
    """Refuse a transition that is not legal.

    Raises:
        IllegalTransition: names both pairs and lists what would be legal.
    """
    legal = legal_after(current, before_test=before_test)
    if wanted not in legal:
        listed = ", ".join(sorted(str(pair) for pair in legal if pair.state is not State.TEST))
        raise IllegalTransition(
            f"{current} cannot become {wanted}; from {current} it may become "
            + (f"{listed} or test" if listed else "test")
        )


def takes_data(pair: DaqState) -> bool:
    """Whether the DAQ takes data in that state: in `run/physics` alone."""
    return pair == PHYSICS


class Walk:
    """A way through the states, step by step; remembers where a test was entered from.

    Attributes:
        state: the pair in effect, `off` at first.
        before_test: where the test in effect was entered from, if it is one.
    """

    def __init__(self) -> None:
        self.state = OFF
        self.before_test: DaqState | None = None

    def enter(self, wanted: DaqState) -> None:
        """Go on to another pair; `IllegalTransition` if it cannot follow."""
        check_transition(self.state, wanted, before_test=self.before_test)
        if wanted.state is not State.TEST:
            self.before_test = None
        elif self.state.state is not State.TEST:
            self.before_test = self.state
        self.state = wanted

    def way_home(self) -> tuple[DaqState, ...]:
        """The pairs to go through until the collider does not operate; none from `off` and `no_beam`."""
        match self.state.state:
            case State.TEST:
                return () if self.before_test is None else (self.before_test, *_home(self.before_test))
            case _:
                return _home(self.state)


def _home(pair: DaqState) -> tuple[DaqState, ...]:
    if pair.state in {State.OFF, State.NO_BEAM, State.TEST}:
        return ()
    return (BEAM_NOT_READY, NO_BEAM) if pair.state is State.RUN or pair == BEAM_READY else (NO_BEAM,)


class RunPhase(StrEnum):
    """How far a run has come, as mirrored at Echelon 1."""

    IMMINENT = "imminent"
    PHYSICS = "physics"
    STANDBY = "standby"
    COMPLETED = "completed"
    ABORTED = "aborted"

    @property
    def ended(self) -> bool:
        """True for the phases that nothing follows."""
        return self in {RunPhase.COMPLETED, RunPhase.ABORTED}


def phase_may_follow(current: RunPhase | None, new: RunPhase) -> bool:
    """Whether a run moves on; a run never moves backwards and never reopens."""
    if current is None:
        return True
    if current.ended or new is current or new is RunPhase.IMMINENT:
        return False
    return new.ended or new in {RunPhase.PHYSICS, RunPhase.STANDBY}
