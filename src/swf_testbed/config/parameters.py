"""Every parameter of a run, by component, with unit, default and range."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from swf_testbed.config.data import Data
from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.fastmon import Fastmon
from swf_testbed.config.panda import Panda
from swf_testbed.config.payloads import HISTOGRAMS, AnyPayload, PayloadName
from swf_testbed.config.pool import Pool
from swf_testbed.config.section import AboveZero, Fraction, Seconds, Section, told
from swf_testbed.config.simulation import Simulation


class StfProcessing(Section):
    """How whole STFs are processed, one job each, all of a run one task."""

    engine: Annotated[
        Literal["local", "panda"],
        told("`local` runs jobs beside the agent, `panda` submits a task"),
    ] = "local"
    payload: Annotated[
        PayloadName,
        told("what `local` runs on each file: `histograms`, or a name of `[payloads.NAME]`"),
    ] = HISTOGRAMS
    stf_worker_count: Annotated[
        int, Field(ge=1, le=10_000, description="jobs at a time; of `local` no more than there are cores")
    ] = 4
    stf_core_count: Annotated[int, Field(ge=1, le=1024, description="cores that a job asks for")] = 1
    stf_processing_time: Annotated[Seconds, told("what a job is expected to take")] = 60
    attempts: Annotated[int, Field(ge=1, le=20, description="tries of a job before it has failed")] = 3
    time_limit: Annotated[Seconds, told("for one try of a job; 0 is none")] = 3600


class FastProcessing(Section):
    """How sampled frames are cut into slices, and how many workers a run wants.

    Plans and pools reckon with the times, which are meant for a reconstruction; the histogrammer takes
    milliseconds for a slice.
    """

    payload: Annotated[
        PayloadName, told("what workers run: `histograms`, or a name of `[payloads.NAME]`")
    ] = HISTOGRAMS
    target_worker_count: Annotated[
        int, Field(ge=1, le=10_000, description="workers that a run wants, where a pool grows and shrinks")
    ] = 30
    core_count: Annotated[int, Field(ge=1, le=1024, description="cores of one worker")] = 1
    stf_sampling_rate: Annotated[
        Fraction, told("the part of an STF's frames that is sampled, where `fastmon` does not say otherwise")
    ] = 0.05
    slices_per_sample: Annotated[
        int, Field(ge=1, le=10_000, description="slices that the sample of one STF is cut into")
    ] = 15
    slice_processing_time: Annotated[
        Seconds, told("what a slice is expected to take: plans and pools reckon with it")
    ] = 30
    worker_rampup_time: Annotated[Seconds, told("over how long the workers come before a run")] = 300
    worker_rampdown_time: Annotated[Seconds, told("over how long they leave after it")] = 60


AGENTS_OWN = (
    "fastmon.mode",
    "fastmon.watch",
    "fastmon.settle_time",
    "fastmon.damaged_time",
    "data.storage",
    "data.sites_folder",
    "data.buffer_url",
    "data.buffer_capacity",
    "data.buffer_horizon",
    "data.buffer_high",
    "data.buffer_verify",
    "data.watcher",
    "pool",
    "payloads",
    "panda",
)
"""What belongs to an agent, not to a run: sections, or values by `section.key`."""


class Alarms(Section):
    """When alarms of a run are raised, and when they are over: the two differ, so that none flickers."""

    latency_raise: Annotated[AboveZero, told("egress to plot of the newest slices")] = 30.0
    latency_clear: Annotated[AboveZero, told("the same, below which it is over")] = 10.0
    sampling_raise: Annotated[
        float, Field(ge=0, le=1, description="of the fraction that is asked for; below it an alarm is raised")
    ] = 0.5
    sampling_clear: Annotated[float, Field(ge=0, le=1, description="the same, above which it is over")] = 0.8
    stall: Annotated[AboveZero, told("in physics without anything new")] = 30.0

    @model_validator(mode="after")
    def _apart(self) -> "Alarms":
        if self.latency_clear > self.latency_raise:
            raise ValueError("latency_clear must not be above latency_raise")
        if self.sampling_clear < self.sampling_raise:
            raise ValueError("sampling_clear must not be below sampling_raise")
        return self


class Parameters(BaseModel):
    """All sections together: what is stored with an execution."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    daq_state_machine: DaqStateMachine = DaqStateMachine()
    stf_processing: StfProcessing = StfProcessing()
    fast_processing: FastProcessing = FastProcessing()
    fastmon: Fastmon = Fastmon()
    data: Data = Data()
    alarms: Alarms = Alarms()
    simulation: Simulation = Simulation()
    pool: Pool = Pool()
    panda: Panda = Panda()
    payloads: Annotated[
        dict[PayloadName, AnyPayload],
        told("What workers can run, by name; set in testbed.toml alone."),
    ] = {}
    options: Annotated[
        dict[str, JsonValue],
        told("Of a user's own workflow: its Python file says which there are."),
    ] = {}
