"""The simulated DAQ: walks the plan, writes the files, and says what happens."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import simpy

from swf_testbed.config.parameters import Parameters
from swf_testbed.daq.environment import DaqEnvironment, Stopped
from swf_testbed.daq.plan import Announcement, Enter, Step, TakeStf, Wait, announcement
from swf_testbed.messages import EndRun, Message, PauseRun, ResumeRun, RunImminent, StartRun, StfGen
from swf_testbed.messages.lifecycle import COMPLETED
from swf_testbed.model import states
from swf_testbed.model.clock import to_ns
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.errors import IllegalTransition
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.names import dataset_name
from swf_testbed.model.states import DaqState, State, check_transition


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


Process = Generator[simpy.Event, Any, None]
"""A process of SimPy: it yields what it waits for."""


class DaqSimulator:
    """One run, from `no_beam` to `no_beam`; a process enters states, and takes STFs.

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
        self._identity, self.parameters = identity, parameters
        self._store, self._say, self._env = store, say, environment
        self.state = states.OFF
        self.stf_files = 0
        self._open = self._ended = False
        self._physics_began: float | None = None

    def run(self, process: Process) -> str:
        """Let a process take the run to its end; the reason it ended: `completed`, or why it was stopped.

        A run that is stopped, fails or is left open by the process is still ended: `end_run` says why, and
        how many files there are.
        """
        try:
            self._env.run(self._env.process(process))
        except Stopped as stopped:
            reason = COMPLETED if self._ended else str(stopped)  # else nothing of the run was left to do
            self._abort(reason)
            return reason
        except BaseException as error:  # a workflow may even call exit()
            self._abort(f"failed: {error}")
            raise
        self._abort(COMPLETED)
        return COMPLETED

    def walk(self, steps: Iterable[Step]) -> Process:
        """Do the steps of a plan, one after the other."""
        for step in steps:
            match step:
                case Enter(state):
                    self.enter(state)
                case Wait(seconds):
                    yield self._env.timeout(seconds)
                case TakeStf(sequence, seconds, writing_s):
                    yield from self.take_stf(sequence, seconds, writing_s)

    def enter(self, state: DaqState, reason: str = COMPLETED) -> None:
        """Enter a state, and say what this means for the run; `reason` is said if it ends.

        Raises:
            IllegalTransition: it cannot follow the present one.
        """
        check_transition(self.state, state)
        said = announcement(self.state, state, open_run=self._open)
        if self._ended and said in {Announcement.RUN_IMMINENT, Announcement.START_RUN}:
            raise IllegalTransition(f"run {self._identity.run_id} has ended; it cannot enter {state} again")
        self.state = state
        if said is Announcement.START_RUN:
            self._physics_began = self._env.now
        if said is not None:
            self._announce(said, reason)

    def take_stf(self, sequence: int, seconds: float, writing_s: float) -> Process:
        """Take data for some simulated seconds, then write them as the STF of that number."""
        start, run_s = self._env.stamp(), self._env.now - (self._physics_began or 0.0)
        yield self._env.timeout(seconds)
        yield self._env.timeout(writing_s)
        self._take(sequence, start, run_s)

    def _abort(self, reason: str) -> None:
        """The last steps at once; a run that is open is ended in `beam/not_ready`."""
        if self.state.state in {State.OFF, State.NO_BEAM}:
            return
        if self.state.state is State.RUN or self.state == states.BEAM_READY:
            self.enter(states.BEAM_NOT_READY, reason[:SHORT_TEXT_CHARS])
        if self._open:
            self._announce(Announcement.END_RUN, reason[:SHORT_TEXT_CHARS])
        self.enter(states.NO_BEAM)

    def _announce(self, announcement: Announcement, reason: str) -> None:
        match announcement:
            case Announcement.RUN_IMMINENT:
                said = self._message(
                    RunImminent,
                    dataset=dataset_name(self._identity.run_id),
                    run_conditions=self.parameters.simulation.model_dump(mode="json"),
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
        ends = announcement is Announcement.END_RUN
        self._open = True  # even if it is not heard: what may have been said is ended
        self._say(said)
        self._ended, self._open = ends, not ends

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
