"""Every parameter of a run, by component, with unit, default and range."""

from typing import Annotated, Any, Literal
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from swf_testbed.config.data import Data
from swf_testbed.config.panda import Panda
from swf_testbed.config.payloads import HISTOGRAMS, AnyPayload, PayloadName
from swf_testbed.config.pool import Pool
from swf_testbed.config.schedule import Schedule
from swf_testbed.config.section import AboveZero, Seconds, Section
from swf_testbed.model.fields import StreamName
from swf_testbed.model.names import MAIN_STREAM

Fraction = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Tables = Annotated[tuple[dict[str, Any], ...], Field(strict=False, description="a list of tables")]


class DaqStateMachine(Section):
    """How the simulated DAQ walks a run through its states; times in s.

    The defaults are the field's own.
    """

    no_beam_not_ready_delay: Seconds = 5
    broadcast_delay: Seconds = 1
    beam_not_ready_delay: Seconds = 5
    beam_ready_delay: Seconds = 2
    physics_period_count: Annotated[int, Field(ge=0, le=1_000_000, description="0 goes on until stopped")] = 2
    physics_period_duration: AboveZero = 10
    standby_duration: Seconds = 2
    beam_not_ready_end_delay: Seconds = 5
    stf_interval: AboveZero = 2.0
    stf_generation_time: Seconds = 0.1
    stf_count: Annotated[
        int | None, Field(ge=0, le=999_999, description="exactly so many STFs; comes before durations")
    ] = None
    schedule: Schedule = ()


class StfProcessing(Section):
    """How whole STFs are processed, one job each, all of a run one task."""

    engine: Annotated[
        Literal["local", "panda"],
        Field(description="`local` runs jobs beside the agent, `panda` submits a task"),
    ] = "local"
    payload: Annotated[
        PayloadName,
        Field(description="what `local` runs on each file: `histograms`, or a name of `[payloads.NAME]`"),
    ] = HISTOGRAMS
    stf_worker_count: Annotated[
        int, Field(ge=1, le=10_000, description="jobs at a time; of `local` no more than there are cores")
    ] = 4
    stf_core_count: Annotated[int, Field(ge=1, le=1024)] = 1
    stf_processing_time: Annotated[Seconds, Field(description="what a job is expected to take")] = 60
    attempts: Annotated[int, Field(ge=1, le=20, description="tries of a job before it has failed")] = 3
    time_limit: Annotated[Seconds, Field(description="for one try of a job; 0 is none")] = 3600


class FastProcessing(Section):
    """How sampled frames are cut and shared out; times in s."""

    payload: Annotated[
        PayloadName, Field(description="what workers run: `histograms`, or a name of `[payloads.NAME]`")
    ] = HISTOGRAMS
    target_worker_count: Annotated[int, Field(ge=1, le=10_000)] = 30
    core_count: Annotated[int, Field(ge=1, le=1024)] = 1
    stf_sampling_rate: Fraction = 0.05
    slices_per_sample: Annotated[int, Field(ge=1, le=10_000)] = 15
    slice_processing_time: Seconds = 30
    worker_rampup_time: Seconds = 300
    worker_rampdown_time: Seconds = 60


class Checks(Section):
    """How the data is judged: with a significance above `bad` (in standard deviations) it is bad, and so on.

    `settings` has a table for each check that is to differ from its defaults, by the check's name.
    """

    bad: Annotated[float, Field(gt=0, le=90)] = 6.0
    medium: Annotated[float, Field(gt=0, le=90)] = 4.5
    hysteresis: Annotated[
        float, Field(ge=0, le=10, description="how far below its limit a flag that stands is kept")
    ] = 0.5
    window_s: Annotated[
        AboveZero, Field(description="the longest time that is looked at together; the shortest is one STF")
    ] = 30.0
    least_stfs: Annotated[
        int, Field(ge=2, le=1_000_000, description="STFs that a reference must be made of")
    ] = 10
    settle: Annotated[
        int, Field(ge=0, le=1000, description="so many of the newest STFs may still lack slices")
    ] = 3
    off: Annotated[tuple[str, ...], Field(strict=False, description="checks that are not made")] = ()
    settings: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict, description="tables of checks by name"
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Checks":
        if self.medium > self.bad:
            raise ValueError(f"medium ({self.medium}) must not be above bad ({self.bad})")
        return self


FastmonMode = Literal["message", "continuous"]
TfFilesPerStf = Annotated[int, Field(ge=1, le=1000)]


SamplingSeed = Annotated[int, Field(ge=0, lt=2**63)]


class StreamSampling(Section):
    """How one stream is sampled; what is not set is as for the others."""

    selection_fraction: Fraction | None = None
    tf_files_per_stf: TfFilesPerStf | None = None
    seed: SamplingSeed | None = None
    policies: Tables | None = None
    subsystems: dict[str, Tables] | None = None


class Fastmon(Section):
    """How frames are sampled, and how the fast monitoring agent learns of STF files.

    Without `policies` one contiguous block is taken from each of `tf_files_per_stf` equal parts of an
    STF, `selection_fraction` of its frames in all; if that is not set, `fast_processing.stf_sampling_rate`.
    `streams` has a table for each stream that is sampled otherwise. `subsystems` has policies by the name of
    a subsystem: frames that they accept are taken besides.

    A file is read from the first of `sites` that has a copy, and from others if that fails.

    In mode `continuous` the agent also takes up complete STF files that nobody announced, in the folders
    `watch`: `selection_fraction` of the files (0.1 if it is not set), and as large a part of their frames.
    `mode`, `watch` and the times of watching belong to the agent, not to a run: set them in testbed.toml or
    in the environment.
    """

    mode: FastmonMode = "message"
    selection_fraction: Fraction | None = None
    tf_files_per_stf: TfFilesPerStf = 7
    watch: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=4000)], ...],
        Field(strict=False, description="with all below them; none is the testbed's own exit buffer"),
    ] = ()
    settle_time: Annotated[
        AboveZero, Field(description="how long a complete file must stay as it is, and unannounced")
    ] = 5.0
    damaged_time: Annotated[
        AboveZero,
        Field(description="how long an incomplete file may stay as it is until it counts as damaged"),
    ] = 60.0
    seed: SamplingSeed = 1
    policies: Tables = ()
    subsystems: dict[str, Tables] = Field(default_factory=dict)
    streams: dict[StreamName, StreamSampling] = Field(default_factory=dict)
    sites: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=50)], ...],
        Field(strict=False, description="where to read, by preference; others come after them"),
    ] = ()
    checks: Checks = Checks()
    plugins: Annotated[
        tuple[str, ...],
        Field(strict=False, description="products and checks of your own: `module:Class` or `file.py:Class`"),
    ] = ()


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

SAMPLING = (*StreamSampling.model_fields, "streams")
"""Parameters of `Fastmon` that may be changed while a run goes on."""


TfPerStf = Annotated[int, Field(ge=1, le=100_000)]
Scale = Annotated[float, Field(gt=0, le=4, description="1.0 is about 2.7 MB a frame")]


class SideStream(Section):
    """A stream that is taken beside the first one; what is not set is as there."""

    name: StreamName
    stf_interval: AboveZero | None = None
    tf_per_stf: TfPerStf | None = None
    scale: Scale | None = None


class Alarms(Section):
    """When alarms of a run are raised, and when they are over: the two differ, so that none flickers."""

    latency_raise: Annotated[AboveZero, Field(description="egress to plot of the newest slices")] = 30.0
    latency_clear: AboveZero = 10.0
    sampling_raise: Annotated[
        float, Field(ge=0, le=1, description="of the fraction that is asked for; below it an alarm is raised")
    ] = 0.5
    sampling_clear: Annotated[float, Field(ge=0, le=1)] = 0.8
    stall: Annotated[AboveZero, Field(description="in physics without anything new")] = 30.0

    @model_validator(mode="after")
    def _apart(self) -> "Alarms":
        if self.latency_clear > self.latency_raise:
            raise ValueError("latency_clear must not be above latency_raise")
        if self.sampling_clear < self.sampling_raise:
            raise ValueError("sampling_clear must not be below sampling_raise")
        return self


class Simulation(Section):
    """What the simulated detector sends, and where that comes from.

    `source` is `generate` (hits are made), `play` (recorded STF files, in the order of their names and from
    the beginning again when they are used up) or `announce` (no files, only their names).
    """

    scale: Scale = 0.004
    tf_per_stf: TfPerStf = 1000
    beam: str = "18x275"
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    stream: StreamName = MAIN_STREAM
    streams: Annotated[tuple[SideStream, ...], Field(strict=False, max_length=16)] = ()
    recycle_frames: Annotated[int, Field(ge=0, le=100_000, description="0 makes every frame anew")] = 0
    anomalies: Tables = ()
    source: Literal["generate", "play", "announce"] = "generate"
    recorded: Annotated[
        str, Field(max_length=4000, description="what `play` plays: a folder, a file, or the URL of either")
    ] = ""
    restamp: Annotated[
        bool, Field(description="whether played files get this run's number, sequence and times")
    ] = True

    @model_validator(mode="after")
    def _consistent(self) -> "Simulation":
        names = [self.stream, *(one.name for one in self.streams)]
        if len(set(names)) < len(names):
            raise ValueError(f"streams: names must differ ({', '.join(names)})")
        if self.source == "play" and not self.recorded:
            raise ValueError('recorded: must name what source = "play" plays')
        return self

    @property
    def plays_as_is(self) -> bool:
        """Whether files may say that they are of another run."""
        return self.source == "play" and not self.restamp

    def of_each_stream(self) -> "tuple[Simulation, ...]":
        """What each stream sends: one without side streams for each; random numbers differ."""
        return (self.model_copy(update={"streams": ()}), *map(self._of_side, self.streams))

    def _of_side(self, side: SideStream) -> "Simulation":
        own = side.model_dump(exclude={"name", "stf_interval"}, exclude_none=True)
        seed = (self.seed + crc32(side.name.encode())) % 2**63
        return self.model_copy(update={**own, "stream": side.name, "streams": (), "seed": seed})


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
        Field(description="What workers can run, by name; set in testbed.toml alone."),
    ] = {}
    options: Annotated[
        dict[str, JsonValue],
        Field(description="Of a user's own workflow: its Python file says which there are."),
    ] = {}
