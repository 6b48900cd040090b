"""Choosing the frames of an STF that are looked at: policies combined, and the sample they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from swf_testbed.config.checked import checked
from swf_testbed.config.fastmon import SAMPLING, Fastmon
from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.policies import AnyPolicy, BlocksPolicy, Mask, Policy, StfFrames
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.fields import NAME_CHARS
from swf_testbed.model.names import MAIN_STREAM


class SamplingConfig(BaseModel):
    """How an STF is sampled.

    Attributes:
        policies: a frame is taken if all accept it.
        subsystems: policies by subsystem; a frame is also taken if all of one subsystem's accept it.
        files: at most so many sample files are made of an STF, one for each of so many equal parts of it
            that has accepted frames; by default as many as the `blocks` policy has blocks.
        seed: of the random choices.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policies: tuple[AnyPolicy, ...] = Field((BlocksPolicy(kind="blocks"),), min_length=1)
    subsystems: dict[str, tuple[AnyPolicy, ...]] = {}
    files: int | None = Field(None, ge=1, le=1000)
    seed: int = Field(0, ge=0, lt=2**64)

    @field_validator("subsystems")
    @classmethod
    def _known(cls, said: dict[str, tuple[AnyPolicy, ...]]) -> dict[str, tuple[AnyPolicy, ...]]:
        for name, policies in said.items():
            try:
                detector(name)
            except BadInput as error:
                raise ValueError(f"{error.value!r} {error.allowed}") from None
            if not policies:
                raise ValueError(f"{name}: must have a policy")
        return said

    @property
    def parts(self) -> int:
        """How many equal parts of an STF get a sample file each."""
        if self.files is not None:
            return self.files
        return next((policy.blocks for policy in self.policies if isinstance(policy, BlocksPolicy)), 7)

    @property
    def name(self) -> str:
        """The policies' names, joined: `blocks+state`, and `|btof:volume` for those of a subsystem."""
        own = [f"{name}:{_joined(policies)}" for name, policies in sorted(self.subsystems.items())]
        return "|".join([_joined(self.policies), *own])[:NAME_CHARS]


def _joined(policies: Sequence[Policy]) -> str:
    return "+".join(policy.kind for policy in policies)


@dataclass(frozen=True, slots=True)
class Sample:
    """The frames chosen from one STF.

    Attributes:
        blocks: frame numbers of each sample file, ascending; never empty.
        accepted, evaluated: how many frames were taken, and looked at.
        policy, seed: what chose them.
    """

    blocks: tuple[NDArray[np.int64], ...]
    accepted: int
    evaluated: int
    policy: str
    seed: int

    @property
    def fraction(self) -> float:
        """Accepted over evaluated; 0 if there was nothing to evaluate."""
        return self.accepted / self.evaluated if self.evaluated else 0.0

    def report(self, part: int) -> dict[str, Any]:
        """The `sampling` field of the `tf_file_registered` of the sample file at that place."""
        return {
            "policy": self.policy,
            "fraction": self.fraction,
            "seed": self.seed,
            "accepted": self.accepted,
            "evaluated": self.evaluated,
            "part": part,
            "parts": [len(block) for block in self.blocks],
        }


_CONFIG: TypeAdapter[SamplingConfig] = TypeAdapter(SamplingConfig)
_FASTMON: TypeAdapter[Fastmon] = TypeAdapter(Fastmon)


def parse_sampling(table: dict[str, Any], field: str = "sampling") -> SamplingConfig:
    """The configuration in a table as read from TOML; `BadInput` names what is wrong in it."""
    return checked(_CONFIG, table, field)


def sampling_config(
    parameters: Parameters, fraction: float | None = None, stream: str = MAIN_STREAM
) -> SamplingConfig:
    """How a stream is sampled: by its policies, or else by blocks of the configured number and fraction.

    Args:
        parameters: of the run.
        fraction: of the frames, if the parameters do not say.
        stream: which.
    """
    section = of_stream(parameters.fastmon, stream)
    blocks = {
        "kind": "blocks",
        "blocks": section.tf_files_per_stf,
        "fraction": section.selection_fraction or fraction or parameters.fast_processing.stf_sampling_rate,
    }
    table = {
        "policies": section.policies or (blocks,),
        "subsystems": section.subsystems,
        "files": section.tf_files_per_stf,
        "seed": section.seed,
    }
    return parse_sampling(table, "fastmon")


def of_stream(section: Fastmon, stream: str) -> Fastmon:
    """The parameters as they are for a stream."""
    own = section.streams.get(stream)
    return section if own is None else section.model_copy(update=own.model_dump(exclude_none=True))


def changed(parameters: Parameters, changes: Sequence[Mapping[str, Any]]) -> Parameters:
    """The parameters after changes of the sampling, one after the other.

    Args:
        parameters: as the run began.
        changes: values by the names of `config.fastmon.SAMPLING`; None is as the run began.

    Raises:
        BadInput: names what is wrong.
    """
    began = parameters.fastmon.model_dump()
    section = dict(began)
    for change in changes:
        for name, value in change.items():
            if name not in SAMPLING:
                raise BadInput(name, value, one_of(SAMPLING))
            section[name] = began[name] if value is None else value
    fastmon = checked(_FASTMON, section, "fastmon")
    whole = parameters.model_copy(update={"fastmon": fastmon})
    for stream in (MAIN_STREAM, *fastmon.streams):
        sampling_config(whole, stream=stream)
    return whole


def choose(config: SamplingConfig, frames: StfFrames) -> Sample:
    """The sample of an STF: a function of the configuration, the run and the frames' numbers and volumes.

    Raises:
        BadInput: a policy needs what the file does not say.
    """
    taken = _all_accept(config.policies, frames, config.seed)
    for policies in config.subsystems.values():
        taken |= _all_accept(policies, frames, config.seed)
    chosen = frames.tf[taken]
    inner_edges = frames.part_edges(config.parts)[1:-1]
    blocks = np.split(chosen, np.searchsorted(chosen, inner_edges))
    return Sample(
        blocks=tuple(block for block in blocks if len(block)),
        accepted=len(chosen),
        evaluated=len(frames.tf),
        policy=config.name,
        seed=config.seed,
    )


def _all_accept(policies: Sequence[Policy], frames: StfFrames, seed: int) -> Mask:
    taken = np.ones(len(frames.tf), bool)
    for policy in policies:
        taken &= policy.accepts(frames, seed)
    return taken
