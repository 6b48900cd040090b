"""The simulated DAQ: walks the plan, writes the files, and says what happens."""

import errno
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import simpy

from swf_testbed.config.parameters import Parameters
from swf_testbed.daq.environment import DaqEnvironment, Stopped
from swf_testbed.daq.plan import Announcement, Enter, SideBySide, Step, TakeStf, Wait, announcement
from swf_testbed.daq.stf_store import StfSlot, StfStore, WrittenStf
from swf_testbed.messages import (
    EndRun,
    Message,
    PauseRun,
    ResumeRun,
    RunImminent,
    StartRun,
    StateChanged,
    StfGen,
)
from swf_testbed.messages.lifecycle import COMPLETED
from swf_testbed.model import states
from swf_testbed.model.clock import to_ns
from swf_testbed.model.detectors import TF_NS
from swf_testbed.model.errors import DISK_FULL, IllegalTransition
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.names import StfName, dataset_name
from swf_testbed.model.states import DaqState, Walk, takes_data


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What every message of a run carries."""

    namespace: str
    sender: str
    execution_id: str
    run_id: int


Process = Generator[simpy.Event, Any, None]
"""A process of SimPy: it yields what it waits for."""


HOLD_S = 1.0
"""How often it is looked whether the exit buffer has room again."""


class DaqSimulator:
    """A DAQ that takes runs, from `off` to `no_beam`; a process enters states, and takes STFs.

    Args:
        identity: of the first run.
        parameters: timing, and what is sent.
        store: where the first run's files go.
        say: hands on a message; returns when it is safe.
        environment: simulated time.
        next_run: number and store of one more run; None if there is to be only one.
    """

    def __init__(
        self,
        identity: RunIdentity,
        parameters: Parameters,
        store: StfStore,
        say: Callable[[Message], None],
        environment: DaqEnvironment,
        next_run: Callable[[], tuple[int, StfStore]] | None = None,
    ) -> None:
        self._identity, self.parameters = identity, parameters
        self._store, self._say, self._env, self._next_run = store, say, environment, next_run
        self._walk = Walk()
        self.stf_files = 0
        self.last_sequence: Counter[str] = Counter()
        self._open = self._ended = self._held = False
        self._changes = 0
        self._physics_began: float | None = None

    @property
    def state(self) -> DaqState:
        """The state in effect."""
        return self._walk.state

    @property
    def run_id(self) -> int:
        """The run that is open, or was or will be."""
        return self._identity.run_id

    def run(self, process: Process) -> str:
        """Let a process take the run to its end; the reason it ended: `completed`, or why it was stopped.

        A run that is stopped, fails or is left open by the process is still ended: `end_run` says why, and
        how many files there are.
        """
        try:
            self._env.run(self._env.process(process))
        except Stopped as stopped:
            # After the end of the one run that was planned nothing was left to do.
            done = self._ended and not self.parameters.daq_state_machine.schedule
            reason = COMPLETED if done else str(stopped)
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
                case TakeStf(stream, sequence, seconds, writing_s):
                    yield from self.take_stf(sequence, seconds, writing_s, stream)
                case SideBySide(streams):
                    yield self._env.all_of([self._env.process(self.walk(steps)) for steps in streams])

    def enter(self, state: DaqState, reason: str = COMPLETED) -> None:
        """Enter a state, and say what this means for the run, or else that the state is another.

        Args:
            state: to enter.
            reason: is said if the run ends, or pauses for another reason than the end of a period.

        Raises:
            IllegalTransition: it cannot follow the present one.
        """
        said = announcement(self.state, state, open_run=self._open)
        if said is Announcement.RUN_IMMINENT and self._ended and self._next_run is None:
            raise IllegalTransition(f"run {self.run_id} has ended; it cannot enter {state} again")
        before = self.state
        self._walk.enter(state)
        if said is Announcement.RUN_IMMINENT and self._ended and self._next_run is not None:
            number, self._store = self._next_run()
            self._identity, self._ended = replace(self._identity, run_id=number), False
            self.last_sequence.clear()
        if said is Announcement.START_RUN:
            self._physics_began = self._env.now
        if said is not None:
            self._announce(said, reason)
        if said is None or (said, before) == (Announcement.RUN_IMMINENT, states.BEAM_NOT_READY):
            self._say_state()

    def take_stf(self, sequence: int, seconds: float, writing_s: float, stream: str | None = None) -> Process:
        """Take data for some simulated seconds, then write them as the STF of that number.

        Args:
            sequence: counts from 1 in the run and stream.
            seconds: of data, simulated.
            writing_s: how long writing takes, simulated.
            stream: the first one if left out.

        Raises:
            IllegalTransition: no data is taken in the present state.
        """
        yield from self._await_room()
        if not takes_data(self.state):
            raise IllegalTransition(f"no data is taken in {self.state}, only in {states.PHYSICS}")
        name = StfName(self.run_id, sequence, stream or self.parameters.simulation.stream)
        self.last_sequence[name.stream] = sequence
        start, run_s = self._env.stamp(), self._env.now - (self._physics_began or 0.0)
        slot = StfSlot(name, self.state, to_ns(start), run_s)
        yield self._env.timeout(seconds)
        yield self._env.timeout(writing_s)
        yield from self._take(slot, start)

    def _await_room(self) -> Process:
        """Take no data while the exit buffer is full: data that is not taken is dead time, and not lost."""
        while (self._held or takes_data(self.state)) and (why := self._store.lacks_room()):
            yield from self._hold(why)
        self._go_on()

    def _hold(self, why: str) -> Process:
        """Be in standby for a while, if it is not so already; other streams are held there too."""
        if takes_data(self.state):
            self._held = True
            self.enter(states.STANDBY, why)
        yield self._env.idle(HOLD_S)

    def _go_on(self) -> None:
        if self._held:
            self._held = False
            if self.state == states.STANDBY:
                self.enter(states.PHYSICS)

    def _abort(self, reason: str) -> None:
        """The last steps at once; a run that is open is ended in `beam/not_ready`, if it comes there."""
        said = reason[:SHORT_TEXT_CHARS]
        for state in self._walk.way_home():
            if self._open and self.state == states.BEAM_NOT_READY:
                self._announce(Announcement.END_RUN, said)
            self.enter(state, said)

    def _say_state(self) -> None:
        self._changes += 1
        identity, pair = self._identity, self.state
        self._say(
            StateChanged(
                namespace=identity.namespace,
                sender=identity.sender,
                execution_id=identity.execution_id,
                run_id=identity.run_id if self._open else None,
                timestamp=self._env.stamp(),
                simulation_tick=self._tick(),
                state=pair.state,
                substate=pair.substate,
                change=self._changes,
            )
        )

    def _tick(self) -> float:
        return round(float(self._env.now), 6)

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
                why = "end of a physics period" if reason == COMPLETED else reason
                said = self._message(PauseRun, reason=why)
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

    def _write(self, stf: StfSlot) -> Generator[simpy.Event, Any, WrittenStf | None]:
        """Write an STF; a disk that is full or read-only is waited for with the data in memory."""
        while True:
            try:
                written = self._store.write(stf)
            except OSError as error:
                if error.errno not in {*DISK_FULL, errno.EROFS}:
                    raise
                what = "is full" if error.errno in DISK_FULL else "takes no files"
                yield from self._hold(f"the exit buffer {what}: {error.strerror}")
            else:
                self._go_on()
                return written

    def _take(self, stf: StfSlot, start: datetime) -> Process:
        written = yield from self._write(stf)
        if written is None:
            return
        self.stf_files += 1
        self._say(
            self._message(
                StfGen,
                filename=written.filename,
                stream=stf.name.stream,
                sequence=stf.name.sequence,
                file_url=written.file_url,
                size_bytes=written.size_bytes,
                checksum=written.checksum,
                tf_first=written.tf_first,
                tf_count=written.tf_count,
                start=start,
                end=start + timedelta(seconds=written.tf_count * TF_NS * 1e-9),
                state=stf.state.state,
                substate=stf.state.substate,
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
            simulation_tick=self._tick(),
            **fields,
        )
