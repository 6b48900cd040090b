"""The simulated DAQ: what it says in which order, and that a run always ends."""

import itertools
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stopping import StopsAfter

from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.plan import Wait, plan
from swf_testbed.daq.simulator import DaqSimulator, Process, RunIdentity
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.messages import EndRun, Message, StateChanged, StfGen, decode, encode
from swf_testbed.messages.lifecycle import WithState
from swf_testbed.model import states
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.errors import IllegalTransition, Unavailable
from swf_testbed.model.states import DaqState, check_transition, daq_state

IDENTITY = RunIdentity("test", "workflow_runner-agent-alice-1", "mine-alice-0001", 100_010)
FRAMES = 100
AT_ONCE: dict[str, Any] = {
    name: 0 for name in DaqStateMachine.model_fields if name.endswith(("_delay", "standby_duration"))
}


class Shelf:
    """Keeps no bytes, only what was written."""

    def __init__(self, lost: frozenset[int] = frozenset()) -> None:
        self.written: list[str] = []
        self._lost = lost

    def write(self, stf: StfSlot) -> WrittenStf | None:
        assert stf.state == states.PHYSICS
        assert stf.t0_ns > 0
        assert stf.run_s >= 0
        if stf.name.sequence in self._lost:
            return None
        name = str(stf.name)
        self.written.append(name)
        first_tf = (stf.name.sequence - 1) * FRAMES
        return WrittenStf(name, f"file:///x/{name}", 10, "ad:00000001", first_tf, FRAMES)

    def count(self) -> int:
        return len(self.written)

    def lacks_room(self) -> str:
        return ""


def simulator(
    say: Callable[[Message], None], shelf: Shelf | None = None, *, paced: bool = False, **timing: Any
) -> tuple[DaqSimulator, DaqEnvironment]:
    environment = DaqEnvironment(paced=paced)
    parameters = Parameters(
        daq_state_machine=DaqStateMachine.model_validate(timing), simulation=Simulation(tf_per_stf=FRAMES)
    )
    return DaqSimulator(IDENTITY, parameters, shelf or Shelf(), say, environment), environment


def take(simulation: DaqSimulator) -> str:
    """Take the run that the parameters plan."""
    return simulation.run(simulation.walk(plan(simulation.parameters)))


def of_runs(said: list[Message]) -> list[Message]:
    """What is said of runs, without the other changes of state."""
    return [message for message in said if not isinstance(message, StateChanged)]


def the_end(said: list[Message]) -> EndRun:
    """The last word about runs."""
    last = of_runs(said)[-1]
    assert isinstance(last, EndRun)
    return last


def test_a_run_says_what_happens_in_order() -> None:
    said: list[Message] = []
    simulation, _ = simulator(said.append, stf_count=3)
    assert take(simulation) == "completed"
    assert [
        (message.msg_type, message.simulation_tick) for message in said if isinstance(message, WithState)
    ] == [
        ("state_changed", 0.0),
        ("run_imminent", 5.0),
        ("state_changed", 11.0),
        ("start_run", 13.0),
        ("stf_gen", pytest.approx(14.166534)),
        ("stf_gen", pytest.approx(16.166534)),
        ("pause_run", 18.0),
        ("resume_run", 20.0),
        ("stf_gen", pytest.approx(20.166534)),
        ("end_run", 22.0),
        ("state_changed", 27.0),
    ]
    last = the_end(said)
    assert (last.total_stf_files, last.reason, str(daq_state(last.state, last.substate))) == (
        3,
        "completed",
        "beam/not_ready",
    )
    assert {(m.namespace, m.sender, m.execution_id, m.run_id) for m in of_runs(said)} == {IDENTITY_FIELDS}
    changes = [message for message in said if isinstance(message, StateChanged)]
    assert [(one.change, str(daq_state(one.state, one.substate)), one.run_id) for one in changes] == [
        (1, "no_beam/not_ready", None),
        (2, "beam/ready", IDENTITY.run_id),
        (3, "no_beam/not_ready", None),
    ]
    assert simulation.state == states.NO_BEAM
    assert simulation.stf_files == 3
    assert all(decode(encode(message)) == message for message in said)


IDENTITY_FIELDS = (IDENTITY.namespace, IDENTITY.sender, IDENTITY.execution_id, IDENTITY.run_id)


def test_simulated_time_is_what_is_stamped() -> None:
    said: list[Message] = []
    simulation, environment = simulator(said.append, stf_count=2)
    take(simulation)
    files = [message for message in said if isinstance(message, StfGen)]
    assert files[1].start - files[0].start == timedelta(seconds=4)
    for file in files:
        assert (file.end - file.start).total_seconds() == pytest.approx(FRAMES * TF_NS * 1e-9, abs=1e-6)
    assert environment.drift_s == 0


def test_a_lost_stf_leaves_a_gap_and_a_true_total() -> None:
    said: list[Message] = []
    simulation, _ = simulator(said.append, Shelf(frozenset({2})), stf_count=3)
    take(simulation)
    assert [message.sequence for message in said if isinstance(message, StfGen)] == [1, 3]
    assert the_end(said).total_stf_files == 2


def walked(said: list[Message]) -> list[DaqState]:
    """The states that messages tell of."""
    return [
        daq_state(m.state.value, m.substate and m.substate.value) for m in said if isinstance(m, WithState)
    ]


@settings(max_examples=120)
@given(st.integers(0, 60), st.integers(0, 6), st.integers(1, 3))
def test_a_run_that_is_stopped_at_any_moment_still_ends_once(events: int, count: int, periods: int) -> None:
    said: list[Message] = []
    shelf = Shelf()
    parameters = Parameters(daq_state_machine=DaqStateMachine(stf_count=count, physics_period_count=periods))
    simulation = DaqSimulator(IDENTITY, parameters, shelf, said.append, StopsAfter(events))
    reason = take(simulation)
    ends = [message for message in said if isinstance(message, EndRun)]
    announced = any(message.msg_type == "run_imminent" for message in said)
    assert len(ends) == announced
    assert of_runs(said)[-1:] == ends
    for end in ends:
        assert end.total_stf_files == len(shelf.written) == simulation.stf_files
        assert end.reason == reason
    assert reason in {"completed", "stopped by alice"}
    assert simulation.state in {states.OFF, states.NO_BEAM}
    for before, after in itertools.pairwise(walked(said)):
        if before != after:
            check_transition(before, after)


def test_a_run_that_fails_says_why_and_ends() -> None:
    said: list[Message] = []

    class Full(Shelf):
        def write(self, stf: StfSlot) -> WrittenStf | None:
            if stf.name.sequence == 2:
                raise OSError("no space left " + "." * 5000)
            return super().write(stf)

    simulation, _ = simulator(said.append, Full(), stf_count=3)
    with pytest.raises(OSError, match="no space left"):
        take(simulation)
    last = the_end(said)
    assert last.reason.startswith("failed: no space left")
    assert last.total_stf_files == 1
    assert simulation.state == states.NO_BEAM


@pytest.mark.parametrize("refused", range(10))
def test_a_message_that_is_refused_once_does_not_leave_the_run_open(refused: int) -> None:
    said: list[Message] = []
    tried: list[str] = []

    def say(message: Message) -> None:
        tried.append(message.msg_type)
        if len(tried) == refused + 1:
            raise Unavailable("no receipt")
        said.append(message)

    simulation, _ = simulator(say, stf_count=2)
    with pytest.raises(Unavailable):
        take(simulation)
    assert [message.msg_type for message in said].count("end_run") == tried.count("run_imminent")
    assert [message.msg_type for message in of_runs(said)][-1:] == ["end_run"] * tried.count("run_imminent")
    assert simulation.state == states.NO_BEAM


def test_a_paced_run_takes_its_time_and_says_how_far_it_was_behind() -> None:
    said: list[Message] = []
    timing: dict[str, Any] = {**AT_ONCE, "stf_count": 3, "stf_interval": 0.1, "stf_generation_time": 0.01}
    simulation, environment = simulator(said.append, paced=True, **timing)
    began = time.monotonic()
    assert take(simulation) == "completed"
    assert time.monotonic() - began >= 0.3
    assert 0 <= environment.drift_s < 5
    assert said[-1].timestamp >= said[0].timestamp


def test_a_paced_run_that_falls_behind_catches_up() -> None:
    class Slow(Shelf):
        def write(self, stf: StfSlot) -> WrittenStf | None:
            if stf.name.sequence == 1:
                time.sleep(0.3)  # what a slow disk does
            return super().write(stf)

    timing: dict[str, Any] = {**AT_ONCE, "stf_count": 6, "stf_interval": 0.1, "stf_generation_time": 0.01}
    simulation, environment = simulator(lambda message: None, Slow(), paced=True, **timing)
    take(simulation)
    assert environment.drift_s >= 0.2
    assert environment.now == pytest.approx(0.6)


def test_a_paced_run_ends_promptly_when_told() -> None:
    said: list[Message] = []
    began = threading.Event()

    def say(message: Message) -> None:
        said.append(message)
        if message.msg_type == "start_run":
            began.set()

    timing: dict[str, Any] = {**AT_ONCE, "stf_count": 3, "stf_interval": 3600, "stf_generation_time": 3600}
    simulation, environment = simulator(say, paced=True, **timing)
    reasons: list[str] = []
    thread = threading.Thread(target=lambda: reasons.append(take(simulation)))
    thread.start()
    assert began.wait(10)
    environment.stop("stopped by alice")
    environment.stop("stopped by bob")
    thread.join(10)
    assert not thread.is_alive()
    assert reasons == ["stopped by alice"]
    assert [message.msg_type for message in of_runs(said)] == ["run_imminent", "start_run", "end_run"]


def test_what_was_prepared_before_the_run_is_no_delay_of_it() -> None:
    timing = {**AT_ONCE, "stf_count": 1, "stf_interval": 0.1, "stf_generation_time": 0.01}
    simulation, environment = simulator(lambda message: None, paced=True, **timing)
    time.sleep(0.5)  # a content pool is filled
    take(simulation)
    assert environment.drift_s < 0.5


def test_a_run_that_its_process_leaves_open_is_ended() -> None:
    said: list[Message] = []
    simulation, _ = simulator(said.append)

    def forgetful() -> Process:
        for state in (states.NO_BEAM, states.BEAM_NOT_READY, states.BEAM_READY, states.PHYSICS):
            simulation.enter(state)
            yield from simulation.walk([Wait(1)])

    assert simulation.run(forgetful()) == "completed"
    assert [message.msg_type for message in of_runs(said)] == ["run_imminent", "start_run", "end_run"]
    assert simulation.state == states.NO_BEAM


@pytest.mark.parametrize("again", [states.BEAM_NOT_READY, states.BEAM_READY])
def test_a_run_that_has_ended_is_not_begun_again(again: DaqState) -> None:
    simulation, _ = simulator(lambda message: None)
    way = [states.NO_BEAM, states.BEAM_NOT_READY, states.BEAM_READY, states.PHYSICS, states.BEAM_NOT_READY]
    for state in way:
        simulation.enter(state)
    if again == states.BEAM_NOT_READY:
        simulation.enter(states.NO_BEAM)
    with pytest.raises(IllegalTransition, match="run 100010 has ended"):
        simulation.enter(again)
