"""Rules of a storm: everything that may be said to the intake, the agents and the runner, in any order."""

import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from chain_hostile import hostile_bodies
from chain_testbed import Testbed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from swf_testbed.config.simulation import Simulation
from swf_testbed.control.agents import agent_processes
from swf_testbed.control.files_on_disk import count_files
from swf_testbed.control.missing import find_missing
from swf_testbed.control.summary import frames_counted_twice
from swf_testbed.daq.announce import announcement_of
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.messages import (
    EndRun,
    Message,
    PauseRun,
    ResumeRun,
    RunImminent,
    RunWorkflow,
    StartRun,
    StatusRequest,
    StfGen,
    StopWorkflow,
    decode,
    encode,
    headers,
)
from swf_testbed.model import destinations, states
from swf_testbed.model.errors import NotFound
from swf_testbed.model.names import StfName
from swf_testbed.model.states import RunPhase
from swf_testbed.model.status import StfStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import FastmonFile, RunState, StfFile, TfSlice, WorkflowExecution, WorkflowMessage

NAMESPACE = "local"
FRAMES = 140
SETTLE_S = 240.0
RUNS = st.integers(0, 1)
_SIMULATION = Simulation(tf_per_stf=FRAMES, recycle_frames=FRAMES, scale=0.001)
_FAR_AWAY = 2_000_000_000
"""Runs that nobody has begun."""

_PLACES = (
    destinations.EVENTS,
    destinations.WORKERS,
    destinations.slices(NAMESPACE),
    destinations.results(NAMESPACE),
    destinations.workflow_control(NAMESPACE),
)
_HEARD = ("stf_gen", "stf_ready", "tf_file_registered", "start_run", "slice", "slice_result", "run_workflow")
_RANK = {RunPhase.IMMINENT: 0, RunPhase.PHYSICS: 1, RunPhase.STANDBY: 1, RunPhase.COMPLETED: 2}


class Storm(RuleBasedStateMachine):
    """One storm over two runs of its own; `testbed` is up with its agents before."""

    testbed: Testbed
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.monitor: MonitorClient = self.testbed.monitor()
        self.bus = self.testbed.bus()
        self.runs = [self.monitor.next_run_number() for _ in range(2)]
        self.processes = self._processes()
        self.said: list[Message] = []
        self.held: list[Message] = []
        self.good: dict[int, set[str]] = defaultdict(set)
        self.bad: dict[int, set[str]] = defaultdict(set)
        self.stored: dict[int, set[str]] = defaultdict(set)
        self.lives: dict[int, list[Message]] = defaultdict(list)
        self.commands: Counter[str] = Counter()
        self.phase: dict[int, RunPhase] = {}
        self.sequence: Counter[int] = Counter()

    @cached_property
    def _files(self) -> dict[int, ExitBuffer]:
        return {run: ExitBuffer(self.folder / str(run), run, _SIMULATION) for run in self.runs}

    def _processes(self) -> dict[str, int | None]:
        return {one.full_name: one.pid for one in agent_processes(self.testbed.settings)}

    # What is said.

    def say(self, message: Message) -> None:
        """On the bus, as any program would."""
        self.bus.publish(message)
        self.said.append(message)
        if message.namespace == NAMESPACE and message.run_id in self.runs:
            self.stored[message.run_id].add(str(message.message_id))
            if message.msg_type.endswith(("_run", "_imminent")):
                self.lives[message.run_id].append(message)

    def _take(self, run: int) -> StfGen:
        self.sequence[run] += 1
        name = StfName(run, self.sequence[run], _SIMULATION.stream)
        written = self._files[run].write(StfSlot(name, states.PHYSICS, time.time_ns(), 0.0))
        assert written is not None
        path = self.folder / str(run) / written.filename
        return announcement_of(path, namespace=NAMESPACE, sender="storm", execution_id=None)

    @initialize()
    def begin(self) -> None:
        """A little of everything, as the first examples are dull."""
        self.live(0, StartRun)
        self.take_stf(0)
        self.hold_back(0)
        self.spoil(0, "checksum")
        self.live(0, EndRun)
        self.live(0, RunImminent)
        self.say_again(1)
        for number, place in enumerate(_PLACES):
            self.say_nonsense(place, _HEARD[number], number)
        self.command_in_vain(lambda said: StopWorkflow(**said, execution_id="simple-nobody-9999"), 2)
        self.take_stf(0)
        self.say_again_what_agents_said(0, "tf_file_registered")

    @rule(run=RUNS)
    def take_stf(self, run: int) -> None:
        """A file is written, and said."""
        said = self._take(self.runs[run])
        self.good[self.runs[run]].add(said.filename)
        self.say(said)

    @rule(run=RUNS)
    def hold_back(self, run: int) -> None:
        """A file is written, and said later than those after it."""
        said = self._take(self.runs[run])
        self.good[self.runs[run]].add(said.filename)
        self.held.append(said)

    @precondition(lambda self: bool(self.held))
    @rule(which=st.integers(0, 99))
    def say_late(self, which: int) -> None:
        """Late, and out of order."""
        self.say(self.held.pop(which % len(self.held)))

    @rule(which=st.integers(0, 999))
    def say_again(self, which: int) -> None:
        """Anything that was said before."""
        self.say(self.said[which % len(self.said)])

    @rule(run=RUNS, kind=st.sampled_from(["checksum", "size", "gone"]))
    def spoil(self, run: int, kind: str) -> None:
        """A file that is not what is said of it."""
        said = self._take(self.runs[run])
        self.bad[self.runs[run]].add(said.filename)
        wrong: dict[str, dict[str, Any]] = {
            "checksum": {"checksum": "ad:00000000"},
            "size": {"size_bytes": said.size_bytes + 1},
            "gone": {"file_url": f"{said.file_url}.gone"},
        }
        if kind == "gone":
            (self.folder / str(said.run_id) / said.filename).unlink()
        self.say(said.model_copy(update=wrong[kind]))

    @rule(run=RUNS, cls=st.sampled_from([RunImminent, StartRun, PauseRun, ResumeRun, EndRun]))
    def live(self, run: int, cls: type[Message]) -> None:
        """A step of a run's life, whatever came before."""
        fields: dict[str, Any] = {"namespace": NAMESPACE, "sender": "storm", "simulation_tick": 0.0}
        if cls is RunImminent:
            fields["dataset"] = "swf.storm.run"
        if cls is EndRun:
            fields |= {"state": "beam", "substate": "not_ready", "total_stf_files": 1}
        self.say(cls(**fields, run_id=self.runs[run]))

    @rule(which=st.integers(0, 999))
    def say_elsewhere(self, which: int) -> None:
        """The same by somebody of another namespace."""
        message = self.said[which % len(self.said)]
        if message.run_id in self.runs and self._owned(message.run_id):
            update = {"namespace": "elsewhere", "message_id": uuid4(), "sender": "stranger"}
            foreign = message.model_copy(update=update)
            # A liar: the headers say that it is ours.
            self.bus.publish_body(message.destination, encode(foreign), headers(message))

    def _owned(self, run: int) -> bool:
        """Whether it is known whose run it is; before that anybody may claim it."""
        return bool(self.lives[run]) and self._claimed(run)

    def _claimed(self, run: int) -> bool:
        try:
            return self.monitor.get(RunState, run) is not None
        except NotFound:
            return False

    @rule(number=st.integers(1, 1000))
    def speak_of_an_unknown_run(self, number: int) -> None:
        """A pause of a run that nobody has begun."""
        run = _FAR_AWAY + number
        self.say(PauseRun(namespace=NAMESPACE, sender="storm", run_id=run, simulation_tick=0.0))

    @rule(place=st.sampled_from(_PLACES), heard=st.sampled_from(_HEARD), seed=st.integers(0, 10_000))
    def say_nonsense(self, place: str, heard: str, seed: int) -> None:
        """Ten bodies that are no messages, with headers that pass every selector."""
        for body in hostile_bodies(10, NAMESPACE, seed):
            self.bus.publish_body(
                place, body, {"namespace": NAMESPACE, "msg_type": heard, "persistent": "true"}
            )

    @rule(run=RUNS, kind=st.sampled_from(["stf_ready", "tf_file_registered"]))
    def say_again_what_agents_said(self, run: int, kind: str) -> None:
        """As an agent would that had died before it knew that it was heard."""
        rows = self.monitor.page(WorkflowMessage, limit=20, run_id=self.runs[run], message_type=kind).results
        chance = random.Random(self.sequence[self.runs[run]])
        for row in chance.sample(rows, min(3, len(rows))):
            self.bus.publish(decode(json.dumps(row.message_content)))

    @rule(
        make=st.sampled_from(
            [
                lambda said: StatusRequest(**said),
                lambda said: StopWorkflow(**said, execution_id="simple-nobody-9999"),
                lambda said: RunWorkflow(**said, workflow_name="there-is-none"),
                lambda said: RunWorkflow(**said, workflow_name="stf_datataking", params={"no.such": 1}),
            ]
        ),
        times=st.integers(1, 3),
    )
    def command_in_vain(self, make: Callable[[dict[str, Any]], Message], times: int) -> None:
        """What the runner answers, or refuses; it goes on."""
        command = make(_command())
        for _ in range(times):
            self.bus.publish(command)

    @precondition(lambda self: len(self.commands) < 2)
    @rule(times=st.integers(1, 3))
    def command_a_run(self, times: int) -> None:
        """A run without files, said several times: it is taken once."""
        params = {"daq_state_machine.stf_count": 0, "simulation.source": "announce"}
        command = RunWorkflow(**_command(), workflow_name="stf_datataking", realtime=False, params=params)
        for _ in range(times):
            self.bus.publish(command)
        self.commands[str(command.message_id)] += 1

    # What must be so.

    @invariant()
    def phases_only_go_forward(self) -> None:
        """At any moment."""
        for run in self.runs:
            try:
                phase = self.monitor.get(RunState, run).phase
            except NotFound:
                continue
            if phase is not None:
                before = self.phase.get(run, phase)
                assert _RANK[phase] >= _RANK[before], f"run {run} went from {before} back to {phase}"
                self.phase[run] = phase

    def teardown(self) -> None:
        """Wait until all is done that there is to do, and count."""
        try:
            while self.held:
                self.say(self.held.pop())
            for run in self.runs:
                self._settle(run)
                self._check(run)
            for message_id in self.commands:
                self._await(lambda wanted=message_id: self._executions(wanted) == 1, "an execution")  # type: ignore[misc]  # bound now
            assert self._processes() == self.processes, "a process has died"
        finally:
            self.bus.close()
            self.monitor.close()

    def _executions(self, message_id: str) -> int:
        """How many have ended that a command asked for."""
        return sum(
            one.metadata.get("command_id") == message_id and one.status.terminal
            for one in self.monitor.list(WorkflowExecution, namespace=NAMESPACE)
        )

    def _await(self, check: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + SETTLE_S
        while not check():
            assert time.monotonic() < until, f"{what}: not after {SETTLE_S:.0f} s"
            time.sleep(0.2)

    def _settle(self, run: int) -> None:
        def settled() -> bool:
            known = {row.stf_filename: row.status for row in self.monitor.list(StfFile, run=run)}
            there = {name for name, status in known.items() if status is not StfStatus.FAILED}
            failed = {name for name, status in known.items() if status is StfStatus.FAILED}
            if not (self.good[run] <= there and self.bad[run] <= failed):
                return False
            return not self._missing(run) and self._stored_ids(run) >= self.stored[run]

        self._await(settled, f"run {run}")

    def _missing(self, run: int) -> int:
        found = find_missing(self.monitor, run, len(self.good[run]))
        return len([name for name in found.stfs if name not in self.bad[run]]) + len(
            found.samples + found.slices
        )

    def _stored_ids(self, run: int) -> set[str]:
        return {
            str(row.message_id)
            for row in self.monitor.list(WorkflowMessage, run_id=run, namespace=NAMESPACE)
            if row.sender_agent == "storm"
        }

    def _check(self, run: int) -> None:
        monitor = self.monitor
        files = list(monitor.list(StfFile, run=run))
        samples = list(monitor.list(FastmonFile, run_number=run))
        slices = list(monitor.list(TfSlice, run_number=run))
        assert {row.stf_filename for row in files} == self.good[run] | self.bad[run]
        assert self._stored_ids(run) == self.stored[run]
        # No orphans.
        assert {row.stf_file for row in samples} <= self.good[run]
        assert {row.fastmon_file for row in slices} <= {row.tf_filename for row in samples}
        # Counters are what rows say.
        if self.lives[run]:
            state = monitor.get(RunState, run)
            assert (state.stf_samples_received, state.slices_created) == (len(samples), len(slices))
            assert state.slices_completed == len(slices)
            assert (state.slices_queued, state.slices_processing, state.slices_failed) == (0, 0, 0)
        # Nothing is counted twice.
        assert frames_counted_twice(monitor, run) == 0
        hits = round(sum(monitor.summary(run).histograms.hits.values())) if self.good[run] else 0
        assert hits == count_files(monitor, run, _SIMULATION).sampled_hits


def _command() -> dict[str, Any]:
    reply_to = destinations.replies(f"storm-{uuid4().hex}")
    return {
        "namespace": NAMESPACE,
        "sender": "storm",
        "requested_by": "storm",
        "reply_to": reply_to,
        "correlation_id": uuid4(),
    }
