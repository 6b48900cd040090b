"""The simulated DAQ: walks the plan, writes the files, and says what happens."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import simpy

from swf_testbed.config.parameters import Parameters
from swf_testbed.daq.environment import DaqEnvironment, Stopped
from swf_testbed.daq.plan import Announcement, Enter, Step, TakeStf, Wait, ending, plan
from swf_testbed.messages import EndRun, Message, PauseRun, ResumeRun, RunImminent, StartRun, StfGen
from swf_testbed.messages.lifecycle import COMPLETED
from swf_testbed.model import states
from swf_testbed.model.clock import to_ns
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.names import dataset_name
from swf_testbed.model.states import DaqState, check_transition


@dataclass(frozen=True, slots=True)
class WrittenStf:
    """A complete STF file, as it is announced."""

    filename: str
    file_url: str
    size_bytes: int
    checksum: str
    tf_first: int
    tf_count: int


class StfStore(Protocol):
    """Where STF files are written."""

    def write(self, sequence: int, state: DaqState, t0_ns: int, run_s: float) -> WrittenStf | None:
        """Write one; `t0_ns` is its start, `run_s` that since physics began. None if the DAQ lost it."""

    def count(self) -> int:
        """How many complete files of the run there are."""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What every message of a run carries."""

    namespace: str
    sender: str
    execution_id: str
    run_id: int


class DaqSimulator:
    """One run, from `no_beam` to `no_beam`.

    Args:
        identity: of the run.
        parameters: timing, and what is sent.
        store: where files go.
        say: hands on a message; returns when it is safe.
        environment: simulated time.
    """

    def __init__(
        self,
        identity: RunIdentity,
        parameters: Parameters,
        store: StfStore,
        say: Callable[[Message], None],
        environment: DaqEnvironment,
    ) -> None:
        self._identity, self._parameters = identity, parameters
        self._store, self._say, self._env = store, say, environment
        self.state = states.OFF
        self.stf_files = 0
        self._ended = False
        self._physics_began: float | None = None

    def run(self) -> str:
        """Take the run to its end; the reason it ended: `completed`, or why it was stopped.

        A run that is stopped or fails is still ended: `end_run` says why, and how many files there are.
        """
        timing, frames = self._parameters.daq_state_machine, self._parameters.simulation.tf_per_stf
        try:
            self._env.run(self._env.process(self._walk(plan(timing, frames))))
        except Stopped as stopped:
            if self._ended:  # nothing of the run was left to do
                self._abort(COMPLETED)
                return COMPLETED
            self._abort(str(stopped))
            return str(stopped)
        except Exception as error:
            self._abort(f"failed: {error}")
            raise
        return COMPLETED

    def _walk(self, steps: Iterator[Step]) -> Generator[simpy.Event, None, None]:
        for step in steps:
            match step:
                case Enter(state, announcement):
                    self._enter(state)
                    if announcement is not None:
                        self._announce(announcement, COMPLETED)
                case Wait(seconds):
                    yield self._env.timeout(seconds)
                case TakeStf(sequence, seconds, writing_s):
                    start, run_s = self._env.stamp(), self._env.now - (self._physics_began or 0.0)
                    yield self._env.timeout(seconds)
                    yield self._env.timeout(writing_s)
                    self._take(sequence, start, run_s)

    def _abort(self, reason: str) -> None:
        """The last steps at once: whatever state the run is in, `beam/not_ready` and `no_beam` may follow."""
        if self.state in {states.OFF, states.NO_BEAM}:
            return
        for step in ending(self._parameters.daq_state_machine):
            if not isinstance(step, Enter):
                continue
            if step.state != self.state:
                self._enter(step.state)
            if step.say and not self._ended:
                self._announce(step.say, reason[:SHORT_TEXT_CHARS])

    def _enter(self, state: DaqState) -> None:
        check_transition(self.state, state)
        self.state = state
        if state == states.PHYSICS and self._physics_began is None:
            self._physics_began = self._env.now

    def _announce(self, announcement: Announcement, reason: str) -> None:
        match announcement:
            case Announcement.RUN_IMMINENT:
                said = self._message(
                    RunImminent,
                    dataset=dataset_name(self._identity.run_id),
                    run_conditions=self._parameters.simulation.model_dump(mode="json"),
                )
            case Announcement.START_RUN:
                said = self._message(StartRun)
            case Announcement.PAUSE_RUN:
                said = self._message(PauseRun, reason="end of a physics period")
            case Announcement.RESUME_RUN:
                said = self._message(ResumeRun)
            case Announcement.END_RUN:
                said = self._message(
                    EndRun,
                    state=self.state.state,
                    substate=self.state.substate,
                    total_stf_files=self._store.count(),
                    reason=reason,
                )
        self._say(said)
        self._ended = announcement is Announcement.END_RUN

    def _take(self, sequence: int, start: datetime, run_s: float) -> None:
        written = self._store.write(sequence, self.state, to_ns(start), run_s)
        if written is None:
            return
        self.stf_files += 1
        self._say(
            self._message(
                StfGen,
                filename=written.filename,
                sequence=sequence,
                file_url=written.file_url,
                size_bytes=written.size_bytes,
                checksum=written.checksum,
                tf_first=written.tf_first,
                tf_count=written.tf_count,
                start=start,
                end=start + timedelta(seconds=written.tf_count * TF_NS * 1e-9),
                state=self.state.state,
                substate=self.state.substate,
            )
        )

    def _message(self, cls: type[Message], **fields: Any) -> Message:
        identity = self._identity
        return cls(
            namespace=identity.namespace,
            sender=identity.sender,
            execution_id=identity.execution_id,
            run_id=identity.run_id,
            timestamp=self._env.stamp(),
            simulation_tick=round(float(self._env.now), 6),
            **fields,
        )
