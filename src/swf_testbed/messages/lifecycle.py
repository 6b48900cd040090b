"""The life of a run, as the DAQ tells it."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from swf_testbed.messages.envelope import Message
from swf_testbed.model.errors import BadInput
from swf_testbed.model.fields import Count, Name, Positive, RunNumber, Seconds, ShortText
from swf_testbed.model.states import RunPhase, State, Substate, daq_state

Tick = Annotated[Seconds, Field(description="simulated seconds since the start of the workflow")]

COMPLETED = "completed"
"""The `reason` of an `end_run` whose plan was walked to its end; any other reason is an abort."""


class WithState(Message):
    """What carries the state in effect: a pair that exists."""

    state: State
    substate: Substate | None
    simulation_tick: Tick

    @model_validator(mode="after")
    def _pair_exists(self) -> Self:
        try:
            daq_state(self.state.value, self.substate.value if self.substate else None)
        except BadInput as error:
            raise ValueError(str(error)) from None
        return self


class InState(WithState):
    """What is said of a run, with the state in effect."""

    run_id: RunNumber


class StateChanged(WithState):
    """The datataking state is another one, and no message of a run's life says so.

    `run_id` is that of the run that is announced and not ended, if there is one; `change` counts the
    execution's changes of state from 1.
    """

    identity = ("execution_id", "change")
    msg_type: Literal["state_changed"] = "state_changed"
    execution_id: Name
    change: Positive


class Lifecycle(InState):
    """What the messages of a run's life have in common."""

    @property
    def phase(self) -> RunPhase:
        """The phase that this message brings the run into."""
        raise NotImplementedError


class RunImminent(Lifecycle):
    """A run will start soon: prepare."""

    identity = ("run_id",)
    msg_type: Literal["run_imminent"] = "run_imminent"
    state: Literal[State.BEAM] = State.BEAM
    substate: Literal[Substate.NOT_READY] = Substate.NOT_READY
    dataset: Name
    run_conditions: dict[str, Any] = Field(default_factory=dict)

    @property
    def phase(self) -> RunPhase:
        """Imminent."""
        return RunPhase.IMMINENT


class StartRun(Lifecycle):
    """The run is declared good for physics."""

    identity = ("run_id",)
    msg_type: Literal["start_run"] = "start_run"
    state: Literal[State.RUN] = State.RUN
    substate: Literal[Substate.PHYSICS] = Substate.PHYSICS

    @property
    def phase(self) -> RunPhase:
        """Physics."""
        return RunPhase.PHYSICS


class ResumeRun(Lifecycle):
    """Physics goes on after a pause."""

    identity = ("run_id", "simulation_tick")
    msg_type: Literal["resume_run"] = "resume_run"
    state: Literal[State.RUN] = State.RUN
    substate: Literal[Substate.PHYSICS] = Substate.PHYSICS

    @property
    def phase(self) -> RunPhase:
        """Physics."""
        return RunPhase.PHYSICS


class PauseRun(Lifecycle):
    """Physics is interrupted; the run stays open."""

    identity = ("run_id", "simulation_tick")
    msg_type: Literal["pause_run"] = "pause_run"
    state: Literal[State.RUN] = State.RUN
    substate: Literal[Substate.STANDBY] = Substate.STANDBY
    reason: ShortText = ""

    @property
    def phase(self) -> RunPhase:
        """Standby."""
        return RunPhase.STANDBY


class EndRun(Lifecycle):
    """The run is over, in good order or not; `total_stf_files` is what was written in truth."""

    identity = ("run_id",)
    msg_type: Literal["end_run"] = "end_run"
    total_stf_files: Count
    reason: ShortText = COMPLETED

    @property
    def phase(self) -> RunPhase:
        """Completed when the plan was walked to its end, else aborted."""
        return RunPhase.COMPLETED if self.reason == COMPLETED else RunPhase.ABORTED


LIFECYCLE: tuple[str, ...] = tuple(
    told.model_fields["msg_type"].default for told in (RunImminent, StartRun, PauseRun, ResumeRun, EndRun)
)
"""The types of the messages of a run's life."""
