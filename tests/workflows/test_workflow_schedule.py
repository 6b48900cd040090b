"""Schedules through the real runner and monitor: several runs, streams, recordings, and states in time."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from workflow_site import User

from swf_testbed.config.parameters import Parameters
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.plan import plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.messages import Message, RunWorkflow, StfGen
from swf_testbed.messages.lifecycle import WithState
from swf_testbed.model.errors import NotFound, Refused
from swf_testbed.model.names import FIRST_RUN_NUMBER
from swf_testbed.model.states import OFF, DaqState, Walk, daq_state, legal_after
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.records import Run, StfFile, WorkflowMessage
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.verify import verify

SMALL: dict[str, Any] = {
    "daq_state_machine.stf_interval": 1.0,
    "daq_state_machine.broadcast_delay": 0.1,
    "simulation.tf_per_stf": 5,
    "simulation.streams": [{"name": "luminosity", "stf_interval": 0.5, "tf_per_stf": 3}],
}
SPAN_S = 3.05


def steps(*pairs: str) -> list[dict[str, Any]]:
    """Steps of equal length."""
    words = [pair.split("/") for pair in pairs]
    return [{"state": word[0], "substate": word[1], "span": SPAN_S} for word in words]


TWO_RUNS = steps(
    "no_beam/not_ready",
    "calib/not_ready",
    "no_beam/not_ready",
    "beam/not_ready",
    "beam/ready",
    "run/physics",
    "beam/not_ready",
    "beam/ready",
    "run/physics",
    "run/standby",
)


@pytest.fixture(scope="module")
def at_work(user: User) -> Iterator[User]:
    """A user whose runner is up."""
    with user.runner():
        yield user


def take(user: User, schedule: list[dict[str, Any]], **more: Any) -> list[Run]:
    """The runs of an execution that has completed."""
    said = {name.replace("__", "."): value for name, value in more.items()}
    params = {**SMALL, "daq_state_machine.schedule": schedule, **said}
    done = user.ask(RunWorkflow, workflow_name="stf_datataking", realtime=False, params=params)
    assert user.await_end(done["execution_id"]).status is ExecutionStatus.COMPLETED
    first = user.await_run_end(done["run_id"])
    runs = [first, *(user.await_run_end(first.run_number + 1) for _ in range(len(_physics(schedule)) - 1))]
    assert {run.execution for run in runs} == {done["execution_id"]}
    return runs


def _physics(schedule: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [step for step in schedule if step["substate"] == "physics"]


def test_two_runs_of_two_streams_have_files_and_sequences_of_their_own(at_work: User) -> None:
    first, second = take(at_work, TWO_RUNS)
    for run in (first, second):
        folder = at_work.settings.state_dir / "exit-buffer" / str(run.run_number)
        # Of 3.05 s the first 0.1 s are without data: 2 files of 1 s, 5 of 0.5 s.
        assert sorted(path.name for path in folder.glob("*.stf")) == [
            *(f"swf.{run.run_number}.{number:06d}.stf" for number in (1, 2)),
            *(f"swf.{run.run_number}.luminosity.{number:06d}.stf" for number in range(1, 6)),
        ]
        assert run.total_stf_files == at_work.files(run.run_number) == 7
        assert run.end_reason == "completed"
        for path in folder.glob("*.stf"):
            assert verify(path).ok


def test_a_recording_of_a_run_is_played_as_another(at_work: User) -> None:
    (recorded,) = take(at_work, TWO_RUNS[:6])
    folder = at_work.settings.state_dir / "exit-buffer" / str(recorded.run_number)
    (played,) = take(at_work, TWO_RUNS[:6], simulation__source="play", simulation__recorded=str(folder))
    assert played.total_stf_files == 7
    for path in (at_work.settings.state_dir / "exit-buffer" / str(played.run_number)).glob("*.stf"):
        assert verify(path).ok
        with StfReader.open(path) as reader:
            assert reader.header.run == played.run_number
            assert path.name.startswith(f"swf.{played.run_number}.")


@pytest.mark.parametrize("named", ["daq_state_machine.stf_count", "parameters.standby_duration"])
def test_what_counts_for_nothing_beside_a_schedule_is_refused(at_work: User, named: str) -> None:
    params = {"daq_state_machine.schedule": TWO_RUNS, named: 3}
    with pytest.raises(Refused, match=f"{named} = 3: counts for nothing beside a schedule"):
        at_work.ask(RunWorkflow, workflow_name="stf_datataking", params=params)


def test_a_step_that_is_not_legal_is_refused_by_its_number(at_work: User) -> None:
    wrong = [*TWO_RUNS[:4], *steps("run/physics")]
    with pytest.raises(Refused, match="step 5: beam/not_ready cannot become run/physics; from"):
        at_work.ask(RunWorkflow, workflow_name="stf_datataking", params={"daq_state_machine.schedule": wrong})


class Shelf:
    """Keeps nothing."""

    def write(self, stf: StfSlot) -> WrittenStf | None:
        return WrittenStf(str(stf.name), "file:///x", 1, "ad:00000001", 0, 1)

    def count(self) -> int:
        return 0

    def lacks_room(self) -> str:
        return ""


def wandering(chance: random.Random) -> list[dict[str, Any]]:
    """A legal schedule, more about runs than not."""
    walk, pairs = Walk(), []
    for _ in range(chance.randint(3, 25)):
        legal = sorted(legal_after(walk.state, before_test=walk.before_test), key=str)
        core = [pair for pair in legal if pair.state in {"beam", "run"}]
        walk.enter(chance.choice(core if core and chance.random() < 0.7 else legal))
        pairs.append(walk.state)
    return [
        {"state": pair.state.value, "substate": pair.substate and pair.substate.value, "span": SPAN_S}
        for pair in pairs
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_state_at_a_time_is_what_the_messages_and_the_schedule_say(site_user: User, seed: int) -> None:
    """In an era of its own each, as the history of states is one."""
    schedule = wandering(random.Random(seed))
    parameters = Parameters.model_validate(
        {"daq_state_machine": {"schedule": schedule}, "simulation": {"tf_per_stf": 5}}
    )
    said: list[Message] = []
    numbers = count(FIRST_RUN_NUMBER + 1_000_000 * (seed + 1))
    first = next(numbers)
    identity = RunIdentity(site_user.namespace, "test", f"wandering-alice-{1000 + seed}", first)
    simulator = DaqSimulator(
        identity,
        parameters,
        Shelf(),
        said.append,
        DaqEnvironment(paced=False),
        lambda: (next(numbers), Shelf()),
    )
    simulator.run(simulator.walk(plan(parameters)))
    era = timedelta(days=365 * (10 + seed))
    told = [one.model_copy(update={"timestamp": one.timestamp + era}) for one in said]
    site_user.bus.publish_many(told)
    _await_stored(site_user, told)
    with_state = [one for one in told if isinstance(one, WithState)]
    begin = with_state[0].timestamp - timedelta(seconds=with_state[0].simulation_tick)
    for number, step in enumerate(schedule):
        moment = begin + timedelta(seconds=(number + 0.5) * SPAN_S)
        expected = daq_state(step["state"], step["substate"])
        before = [one for one in with_state if one.timestamp <= moment and not isinstance(one, StfGen)]
        assert _pair(before[-1]) == expected
        assert _state_at(site_user, moment) == expected
        run = before[-1].run_id
        if run is not None:
            assert _state_at(site_user, moment, run) == expected


@pytest.fixture
def site_user(user: User) -> User:
    """No runner is needed: messages are said by the test."""
    return user


def _pair(message: WithState) -> DaqState:
    return daq_state(message.state.value, message.substate.value if message.substate else None)


def _state_at(user: User, moment: datetime, run: int | None = None) -> DaqState:
    try:
        found = user.monitor.state_at(moment, run)
    except NotFound:
        return OFF
    return daq_state(found.state, found.substate)


def _await_stored(user: User, said: list[Message]) -> None:
    """Until the last of the messages is stored; the intake keeps their order."""
    last = str(said[-1].message_id)
    with user.monitor.events(last_event_id=0, execution_id=said[-1].execution_id) as stream:
        for event in stream:
            if event.data["message_id"] == last:
                break
    stored = user.monitor.page(WorkflowMessage, execution_id=said[-1].execution_id, limit=1).total
    assert stored == len({one.message_id for one in said})
    assert not user.monitor.page(StfFile, run=said[-1].run_id or 0).total
