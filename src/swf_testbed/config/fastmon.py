"""How frames are sampled, and how the data is judged: the section `[fastmon]`."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from swf_testbed.config.section import AboveZero, Fraction, Section, Seed, told
from swf_testbed.model.fields import StreamName

FastmonMode = Literal["message", "continuous"]
TfFilesPerStf = Annotated[
    int, Field(ge=1, le=1000, description="sample files of an STF: one block of frames each")
]
Policies = Annotated[
    tuple[dict[str, Any], ...],
    Field(strict=False, description="in place of blocks; the tables of policies are below"),
]
BySubsystem = Annotated[
    dict[str, Annotated[tuple[dict[str, Any], ...], Field(strict=False)]],
    told("by a subsystem's name: policies whose frames are taken besides"),
]
SelectionFraction = Annotated[Fraction, told("the part of the frames that is taken, in all blocks together")]
SamplingSeed = Annotated[Seed, told("of the random numbers of policies")]


class Checks(Section):
    """How the data is judged: with a significance above `bad` (in standard deviations) it is bad, and so on.

    `settings` has a table for each check that is to differ from its defaults, by the check's name.
    """

    bad: Annotated[
        float, Field(gt=0, le=90, description="in standard deviations; so rare by chance that a crew may act")
    ] = 6.0
    medium: Annotated[float, Field(gt=0, le=90, description="in standard deviations; not above `bad`")] = 4.5
    hysteresis: Annotated[
        float,
        Field(
            ge=0,
            le=10,
            description="in standard deviations: how far below its limit a flag that stands is kept",
        ),
    ] = 0.5
    window_s: Annotated[
        AboveZero, told("the longest time that is looked at together; the shortest is one STF")
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


class StreamSampling(Section):
    """How one stream is sampled; what is not set is as for the others."""

    selection_fraction: SelectionFraction | None = None
    tf_files_per_stf: TfFilesPerStf | None = None
    seed: SamplingSeed | None = None
    policies: Policies | None = None
    subsystems: BySubsystem | None = None


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

    mode: Annotated[
        FastmonMode, told("`message` samples files that are announced, `continuous` finds others too")
    ] = "message"
    selection_fraction: SelectionFraction | None = None
    tf_files_per_stf: TfFilesPerStf = 7
    watch: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=4000)], ...],
        Field(
            strict=False,
            description="folders, with all below them; none is the testbed's own exit buffer",
        ),
    ] = ()
    settle_time: Annotated[
        AboveZero, told("how long a complete file must stay as it is, and unannounced")
    ] = 5.0
    damaged_time: Annotated[
        AboveZero,
        told("how long an incomplete file may stay as it is until it counts as damaged"),
    ] = 60.0
    seed: SamplingSeed = 1
    policies: Policies = ()
    subsystems: BySubsystem = Field(default_factory=dict)
    streams: Annotated[
        dict[StreamName, StreamSampling], told("by a stream's name: what is otherwise there")
    ] = Field(default_factory=dict)
    sites: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=50)], ...],
        Field(strict=False, description="where to read, by preference; others come after them"),
    ] = ()
    checks: Checks = Checks()
    plugins: Annotated[
        tuple[str, ...],
        Field(strict=False, description="products and checks of your own: `module:Class` or `file.py:Class`"),
    ] = ()


SAMPLING = (*StreamSampling.model_fields, "streams")
"""Parameters of `Fastmon` that may be changed while a run goes on."""
