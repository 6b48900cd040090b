"""What a workflow is given: simulated time, and the DAQ."""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, TypeVar

from swf_testbed.config.parameters import Parameters
from swf_testbed.config.section import Section
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.plan import Step, plan, streams_of
from swf_testbed.daq.simulator import DaqSimulator, Process, RunIdentity
from swf_testbed.daq.stf_store import StfStore
from swf_testbed.messages import Message
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.states import daq_state

__all__ = ["Process", "WorkflowEnvironment", "WorkflowOptions"]


class WorkflowOptions(Section):
    """Base class of a workflow's own options: the keys of `[options]`, with type, range and default."""


OptionsT = TypeVar("OptionsT", bound=WorkflowOptions)


class WorkflowEnvironment(DaqEnvironment, Generic[OptionsT]):
    """Handed to `execute(env)`: an environment of SimPy, and the DAQ of one run.

    All that SimPy has is there: `env.now`, `env.timeout(seconds)`, `env.process(...)`, `env.all_of(...)`.

    Args:
        identity: of the run.
        parameters: of the run.
        options: of the workflow.
        store: where the STF files of the first run go.
        say: hands on a message; returns when it is safe.
        next_run: number and store of one more run.
        paced: whether a simulated second takes a second.
    """

    def __init__(
        self,
        identity: RunIdentity,
        parameters: Parameters,
        options: OptionsT,
        store: StfStore,
        say: Callable[[Message], None],
        next_run: Callable[[], tuple[int, StfStore]],
        *,
        paced: bool,
    ) -> None:
        super().__init__(paced=paced)
        self._identity, self._parameters, self._options = identity, parameters, options
        self._daq = DaqSimulator(identity, parameters, store, say, self, next_run)
        self._log = logging.getLogger(f"swf_testbed.workflow.{identity.execution_id}")

    @property
    def execution_id(self) -> str:
        """Of this execution, like `my_workflow-alice-0042`."""
        return self._identity.execution_id

    @property
    def run_number(self) -> int:
        """Of the run that is open, or was, or will be next; each `run_imminent` has one of its own."""
        return self._daq.run_id

    @property
    def namespace(self) -> str:
        """The testbed instance."""
        return self._identity.namespace

    @property
    def parameters(self) -> Parameters:
        """The parameters of the run, by section: `env.parameters.daq_state_machine.stf_interval`."""
        return self._parameters

    @property
    def options(self) -> OptionsT:
        """The workflow's own `[options]`, of the class that its file has."""
        return self._options

    @property
    def state(self) -> str:
        """The present state, like `run/physics`."""
        return str(self._daq.state)

    @property
    def stf_files(self) -> int:
        """How many STF files were written so far."""
        return self._daq.stf_files

    def enter(self, state: str, substate: str | None = None) -> None:
        """Enter a state, like `env.enter("beam", "ready")`; what it means for the run is announced.

        Raises:
            BadInput: there is no such state.
            IllegalTransition: it cannot follow the present one; says what can.
        """
        self._daq.enter(daq_state(state, substate))

    def take_stf(self, stream: str | None = None) -> Process:
        """Take the data of the next STF and write it: `yield from env.take_stf()`.

        Takes the `stf_interval` of the stream in simulated time; the file is announced as soon as it is
        written.

        Args:
            stream: one of those that the parameters have; the first if left out.

        Raises:
            BadInput: there is no such stream.
            IllegalTransition: no data is taken in the present state.
        """
        streams = {one.name: one for one in streams_of(self._parameters)}
        name = self._parameters.simulation.stream if stream is None else stream
        if name not in streams:
            raise BadInput("stream", name, one_of(streams))
        takes = streams[name]
        yield from self._daq.walk(takes.take(self._daq.last_sequence[name] + 1, 1, takes.interval))

    def plan(self) -> Iterator[Step]:
        """What the parameters ask for, as steps: states to enter, time to wait, STFs to take."""
        return plan(self._parameters)

    def walk(self, steps: Iterable[Step]) -> Process:
        """Do steps, one after the other: `yield from env.walk(env.plan())`."""
        yield from self._daq.walk(steps)

    def log(self, text: str) -> None:
        """Write a line into the log of this execution, which the monitor shows."""
        self._log.info("%s", text)

    def carry_out(self, execute: Callable[["WorkflowEnvironment[OptionsT]"], Process]) -> str:
        """Run a workflow to its end; as `DaqSimulator.run`."""
        return self._daq.run(self.begin(execute))

    def begin(self, execute: Callable[["WorkflowEnvironment[OptionsT]"], Process]) -> Process:
        """The process of a workflow; `BadInput` when it is none."""
        process = execute(self)
        if not isinstance(process, Generator):
            raise BadInput("execute(env)", type(process).__name__, "must be a process: let it `yield`")
        yield from process
