"""Schedules walked by the simulated DAQ: refused by the number of the step, or they leave a legal history."""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stopping import StopsAfter

from swf_testbed.config.parameters import Parameters
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.plan import Enter, SideBySide, TakeStf, Wait, duration_s, plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.messages import EndRun, Message, StateChanged, StfGen
from swf_testbed.messages.lifecycle import InState, Lifecycle, WithState
from swf_testbed.model import states
from swf_testbed.model.names import StfName
from swf_testbed.model.states import ALL_STATES, DaqState, State, Walk, daq_state, legal_after

FIRST_RUN = 100_010
IDENTITY = RunIdentity("test", "workflow_runner-agent-alice-1", "mine-alice-0001", FIRST_RUN)
EXAMPLES = int(os.environ.get("SWF_SCHEDULES", "150"))
"""How many schedules are tried; more for a long look."""

Step = dict[str, Any]


class Shelf:
    """One run's files, by name."""

    def __init__(self, run: int) -> None:
        self.run = run
        self.written: list[StfName] = []

    def write(self, stf: StfSlot) -> WrittenStf | None:
        assert stf.name.run == self.run
        assert stf.state == states.PHYSICS
        self.written.append(stf.name)
        name = str(stf.name)
        return WrittenStf(name, f"file:///x/{name}", 1, "ad:00000001", stf.name.sequence * 10, 10)

    def count(self) -> int:
        return len(self.written)

    def lacks_room(self) -> str:
        return ""


class Walked:
    """A schedule, walked to its end."""

    def __init__(
        self,
        steps: list[Step],
        streams: list[Step] | None = None,
        environment: DaqEnvironment | None = None,
        **timing: Any,
    ) -> None:
        self.said: list[Message] = []
        self.shelves = [Shelf(FIRST_RUN)]
        self.parameters = Parameters.model_validate(
            {
                "daq_state_machine": {"schedule": steps, **timing},
                "simulation": {"tf_per_stf": 10, "streams": streams or []},
            }
        )
        self.simulator = DaqSimulator(
            IDENTITY,
            self.parameters,
            self.shelves[0],
            self.said.append,
            environment or DaqEnvironment(paced=False),
            self._next_run,
        )
        self.reason = self.simulator.run(self.simulator.walk(plan(self.parameters)))

    def _next_run(self) -> tuple[int, Shelf]:
        self.shelves.append(Shelf(FIRST_RUN + len(self.shelves)))
        return self.shelves[-1].run, self.shelves[-1]

    @property
    def history(self) -> list[tuple[float, DaqState]]:
        """When each state that the messages tell of was entered; STFs tell of a state, and enter none."""
        told = [m for m in self.said if isinstance(m, Lifecycle | StateChanged)]
        return [
            (m.simulation_tick, daq_state(m.state.value, m.substate.value if m.substate else None))
            for m in told
        ]

    def runs(self) -> Iterator[tuple[int, list[str]]]:
        """Each run with the types of the messages of its life."""
        for number, messages in itertools.groupby(
            (m for m in self.said if isinstance(m, InState)), key=lambda message: message.run_id
        ):
            yield number, [m.msg_type for m in messages if isinstance(m, Lifecycle)]


def step(pair: str, span: float = 1.0) -> Step:
    state, _, substate = pair.partition("/")
    return {"state": state, **({"substate": substate} if substate else {}), "span": span}


def written(pair: DaqState, span: float) -> Step:
    return step(str(pair), span)


spans = st.sampled_from([0.001, 0.5, 1.0, 2.5, 4.0, 7.0])
anywhere = st.lists(
    st.builds(written, st.sampled_from(sorted(ALL_STATES, key=str)), spans), min_size=1, max_size=8
)


@st.composite
def wandering(draw: st.DrawFn) -> list[Step]:
    """Mostly legal: each step is drawn from what may follow, more often than not what belongs to runs."""
    walk, steps = Walk(), []
    for _ in range(draw(st.integers(1, 30))):
        legal = sorted(legal_after(walk.state, before_test=walk.before_test), key=str)
        core = [pair for pair in legal if pair.state in {State.BEAM, State.RUN}]
        pair = draw(st.sampled_from(core or legal) | st.sampled_from(legal))
        walk.enter(pair)
        steps.append(written(pair, draw(spans)))
    if draw(st.booleans()):
        steps.insert(
            draw(st.integers(0, len(steps))), written(draw(st.sampled_from(sorted(ALL_STATES, key=str))), 1)
        )
    return steps


def first_illegal(steps: list[Step]) -> int | None:
    """The number of the first step that may not follow, found from the table alone."""
    current, before_test = states.OFF, None
    for number, said in enumerate(steps, 1):
        pair = daq_state(said["state"], said.get("substate"))
        if number == 1 and pair == states.OFF:
            continue
        if pair not in legal_after(current, before_test=before_test):
            return number
        if pair.state is State.TEST and current.state is not State.TEST:
            before_test = current
        elif pair.state is not State.TEST:
            before_test = None
        current = pair
    return None


@settings(max_examples=EXAMPLES)
@given(anywhere | wandering())
def test_a_schedule_is_refused_by_the_number_of_its_step_or_leaves_a_legal_history(steps: list[Step]) -> None:
    wrong = first_illegal(steps)
    if wrong is not None:
        with pytest.raises(
            ValidationError, match=f"step {wrong}: .* cannot become .*; from .* it may become"
        ):
            Walked(steps)
        return
    walked = Walked(steps)
    assert walked.reason == "completed"
    _check_history(walked)
    _check_states_in_time(walked, steps)
    _check_runs(walked)


@settings(max_examples=EXAMPLES // 2)
@given(wandering(), st.integers(0, 120))
def test_a_schedule_that_is_stopped_anywhere_goes_home_by_legal_steps_and_ends_its_run(
    steps: list[Step], events: int
) -> None:
    if first_illegal(steps) is not None:
        return
    walked = Walked(steps, environment=StopsAfter(events))
    assert walked.reason in {"completed", "stopped by alice"}
    _check_history(walked)
    _check_runs(walked)


def test_a_stream_that_fails_ends_the_run_of_both() -> None:
    class Full(Shelf):
        def write(self, stf: StfSlot) -> WrittenStf | None:
            if stf.name == StfName(FIRST_RUN, 2, "luminosity"):
                raise OSError("no space left")
            return super().write(stf)

    shelf = Full(FIRST_RUN)
    start = [step("no_beam/not_ready"), step("beam/not_ready"), step("beam/ready"), step("run/physics", 60)]
    parameters = Parameters.model_validate(
        {
            "daq_state_machine": {"schedule": start, "stf_interval": 3, "broadcast_delay": 0},
            "simulation": {"tf_per_stf": 10, "streams": [{"name": "luminosity", "stf_interval": 2}]},
        }
    )
    said: list[Message] = []
    simulator = DaqSimulator(IDENTITY, parameters, shelf, said.append, DaqEnvironment(paced=False))
    with pytest.raises(OSError, match="no space left"):
        simulator.run(simulator.walk(plan(parameters)))
    (end,) = [message for message in said if isinstance(message, EndRun)]
    assert (end.reason, end.total_stf_files) == ("failed: no space left", 2)
    assert [str(name) for name in shelf.written] == [
        "swf.100010.000001.stf",
        "swf.100010.luminosity.000001.stf",
    ]


def _check_history(walked: Walked) -> None:
    way = Walk()
    for _, pair in walked.history:
        if pair != way.state:  # run_imminent may be said of a state that is in effect already
            way.enter(pair)
    assert way.state == walked.simulator.state
    assert way.state.state in {State.OFF, State.NO_BEAM}


def _check_states_in_time(walked: Walked, steps: list[Step]) -> None:
    """What the messages tell of a time is what the schedule says of it."""
    begin = 0.0
    for said in steps:
        pair = daq_state(said["state"], said.get("substate"))
        middle = begin + said["span"] / 2
        told = [state for tick, state in walked.history if tick <= middle]
        assert (told[-1] if told else states.OFF) == pair
        begin += said["span"]
    assert duration_s(walked.parameters) == pytest.approx(begin)
    for message in walked.said:
        if isinstance(message, StfGen):
            assert (message.state, message.substate) == states.PHYSICS


def _check_runs(walked: Walked) -> None:
    runs = list(walked.runs())
    assert [number for number, _ in runs] == list(range(FIRST_RUN, FIRST_RUN + len(runs)))
    for _, life in runs:
        assert life[0] == "run_imminent"
        assert life[-1] == "end_run"
        assert "end_run" not in life[:-1]
        assert life[1:-1] in ([], ["start_run"]) or life[1] == "start_run"
    ends = [message for message in walked.said if isinstance(message, EndRun)]
    shelves = walked.shelves[: len(runs)]
    assert [end.total_stf_files for end in ends] == [shelf.count() for shelf in shelves]
    for shelf in shelves:
        assert [name.sequence for name in shelf.written] == list(range(1, shelf.count() + 1))


def test_messages_have_identities_of_their_own() -> None:
    ready = [step("beam/not_ready"), step("beam/ready"), step("run/physics", 5)]
    walked = Walked([step("no_beam/not_ready"), *ready, *ready, *ready])
    ids = [message.message_id for message in walked.said]
    assert len(set(ids)) == len(ids)
    assert [life for _, life in walked.runs()] == [["run_imminent", "start_run", "end_run"]] * 3


def test_a_schedule_that_is_stopped_between_its_runs_is_not_completed() -> None:
    """Nor is the run that was over by then anything but completed."""
    ready = [step("beam/not_ready"), step("beam/ready"), step("run/physics", 5)]
    parameters = Parameters.model_validate(
        {"daq_state_machine": {"schedule": [step("no_beam/not_ready"), *ready, *ready]}}
    )
    said: list[Message] = []
    environment = DaqEnvironment(paced=False)

    def say(message: Message) -> None:
        said.append(message)
        if isinstance(message, EndRun):
            environment.stop("stopped by alice")

    simulator = DaqSimulator(IDENTITY, parameters, Shelf(FIRST_RUN), say, environment, lambda: (1, Shelf(1)))
    assert simulator.run(simulator.walk(plan(parameters))) == "stopped by alice"
    assert [message.reason for message in said if isinstance(message, EndRun)] == ["completed"]


def test_a_run_that_never_began_ends_without_files() -> None:
    walked = Walked(
        [step("no_beam/not_ready"), step("beam/not_ready"), step("beam/ready"), step("no_beam/not_ready")]
    )
    assert list(walked.runs()) == [(FIRST_RUN, ["run_imminent", "end_run"])]
    (end,) = [message for message in walked.said if isinstance(message, EndRun)]
    assert (end.state, end.total_stf_files) == (State.NO_BEAM, 0)


def test_a_test_in_the_middle_of_a_run_takes_no_data_and_leaves_it_open() -> None:
    way = ["no_beam/not_ready", "beam/not_ready", "beam/ready", "run/physics", "test/daq", "run/physics"]
    walked = Walked([step(pair, 4.5) for pair in way], broadcast_delay=0)
    assert list(walked.runs()) == [(FIRST_RUN, ["run_imminent", "start_run", "end_run"])]
    files = [message for message in walked.said if isinstance(message, StfGen)]
    assert [message.sequence for message in files] == [1, 2, 3, 4]
    assert not [m for m in files if 4 * 4.5 < m.simulation_tick < 5 * 4.5]


def test_a_count_in_a_schedule_is_kept_exactly() -> None:
    start = [step("no_beam/not_ready"), step("beam/not_ready"), step("beam/ready")]
    count = {"state": "run", "substate": "physics", "stf_count": 7}
    walked = Walked([*start, count, step("run/standby"), {**count, "stf_count": 2}])
    assert walked.shelves[0].count() == 9
    assert duration_s(walked.parameters) == pytest.approx(3 + 1 + 7 * 2 + 1 + 2 * 2)


def test_data_after_start_run_waits_until_that_is_known_within_the_span() -> None:
    start = [step("no_beam/not_ready"), step("beam/not_ready"), step("beam/ready"), step("run/physics", 5)]
    parameters = Walked(start, broadcast_delay=2).parameters
    entered, *during = itertools.dropwhile(lambda one: one != Enter(states.PHYSICS), plan(parameters))
    assert entered == Enter(states.PHYSICS)
    assert during[0] == Wait(2.0)
    assert [one.sequence for one in during if isinstance(one, TakeStf)] == [1]


@settings(max_examples=EXAMPLES // 3)
@given(
    st.floats(0.3, 5),
    st.lists(st.floats(0.3, 5), min_size=1, max_size=3),
    st.lists(spans, min_size=1, max_size=4),
)
def test_streams_are_taken_side_by_side_each_with_its_own_sequence(
    interval: float, intervals: list[float], periods: list[float]
) -> None:
    way = [step("no_beam/not_ready"), step("beam/not_ready"), step("beam/ready")]
    for number, span in enumerate(periods):
        way += [step("run/standby")] * bool(number) + [step("run/physics", span)]
    sides = [{"name": f"side{number}", "stf_interval": each} for number, each in enumerate(intervals)]
    timing: dict[str, Any] = {"stf_interval": interval, "broadcast_delay": 0, "stf_generation_time": 0.1}
    walked = Walked(way, sides, **timing)
    for name, each in zip(["main", *(side["name"] for side in sides)], [interval, *intervals], strict=True):
        taken = [one.sequence for one in walked.shelves[0].written if one.stream == name]
        assert taken == list(range(1, len(taken) + 1))
        assert len(taken) == sum(int(span / each + 1e-9) for span in periods)
    names = Counter(message.filename for message in walked.said if isinstance(message, StfGen))
    assert set(names.values()) <= {1}
    assert duration_s(walked.parameters) == pytest.approx(sum(one["span"] for one in way))
    for both in plan(walked.parameters):
        if isinstance(both, SideBySide):
            assert len(both.streams) == len(sides) + 1


def test_every_transition_of_the_table_can_be_in_a_schedule() -> None:
    """From everywhere to everywhere that is legal, by the shortest way there."""
    ways: dict[DaqState, list[DaqState]] = {states.OFF: []}
    queue = [states.OFF]
    for current in queue:
        for after in sorted(legal_after(current) if current.state is not State.TEST else (), key=str):
            if after not in ways:
                ways[after] = [*ways[current], after]
                queue.append(after)
    tried = 0
    for current, way in ways.items():
        for after in legal_after(current) if current.state is not State.TEST else ():
            walked = Walked([written(pair, 0.5) for pair in [*way, after]])
            assert [pair for _, pair in walked.history if pair == after]
            tried += 1
    assert tried > 100


def test_messages_of_state_are_all_told_of() -> None:
    walked = Walked(
        [step("off"), step("no_beam/eic"), step("calib/not_ready"), step("no_beam/calib"), step("off/daq")]
    )
    assert [str(pair) for _, pair in walked.history] == [
        "no_beam/eic",
        "calib/not_ready",
        "no_beam/calib",
        "off/daq",
    ]
    assert all(isinstance(message, WithState) and message.run_id is None for message in walked.said)
