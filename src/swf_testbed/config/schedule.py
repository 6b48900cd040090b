"""The schedule of a DAQ: the states it goes through, step by step, and for how long."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from swf_testbed.config.section import told
from swf_testbed.model.errors import BadInput, IllegalTransition, shorten
from swf_testbed.model.states import OFF, DaqState, State, Substate, Walk, daq_state, takes_data

REPLACED = frozenset(
    {
        "no_beam_not_ready_delay",
        "beam_not_ready_delay",
        "beam_ready_delay",
        "physics_period_count",
        "physics_period_duration",
        "standby_duration",
        "beam_not_ready_end_delay",
        "stf_count",
    }
)
"""The parameters of the one run that is taken without a schedule; beside one they count for nothing."""


class ScheduleStep(BaseModel):
    """A state, and how long it lasts.

    Either `span`, or, where data is taken, `stf_count`: exactly so many STFs of the first stream.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    state: State
    substate: Annotated[Substate | None, told("readiness, or the flavour of data")] = None
    span: Annotated[
        Annotated[float, Field(ge=0.001, le=604_800, strict=True, json_schema_extra={"unit": "s"})] | None,
        told("how long it lasts"),
    ] = None
    stf_count: Annotated[
        Annotated[int, Field(ge=1, le=999_999, strict=True)] | None,
        told("in place of `span`: so many STFs"),
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> "ScheduleStep":
        try:
            pair = daq_state(self.state, self.substate)
        except BadInput as error:
            raise ValueError(str(error)) from None  # pydantic hears ValueError
        if (self.span is None) == (self.stf_count is None):
            raise ValueError("must have either a span (s) or an stf_count")
        if self.stf_count is not None and not takes_data(pair):
            raise ValueError(f"stf_count: no data is taken in {pair}; give a span")
        return self

    @property
    def pair(self) -> DaqState:
        """The state as a pair."""
        return DaqState(self.state, self.substate)


def _steps(said: Any) -> Any:
    """Each step, checked; the first is where the DAQ begins if it is `off`."""
    if not isinstance(said, list | tuple):
        return said
    walk, steps = Walk(), []
    for number, entry in enumerate(said, 1):
        try:
            step = ScheduleStep.model_validate(entry)
            if number > 1 or step.pair != OFF:
                walk.enter(step.pair)
        except IllegalTransition as error:
            raise ValueError(f"step {number}: {error}") from None
        except ValidationError as error:
            raise ValueError(f"step {number}: {_problem(error)}") from None
        steps.append(step)
    return tuple(steps)


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return f"{field} is not known; there are {', '.join(ScheduleStep.model_fields)}"
    text = first["msg"].removeprefix("Value error, ")
    return f"{field} = {shorten(first['input'])}: {text}" if field else text


Schedule = Annotated[
    tuple[ScheduleStep, ...],
    Field(max_length=100_000, description="steps; comes before all periods, counts and delays"),
    BeforeValidator(_steps),
]
"""The steps of a schedule, every one of them legal; what is wrong is told with the step's number, from 1."""
