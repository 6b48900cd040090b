"""Sampling policies: each says of every frame whether it may be looked at.

A policy is deterministic in (policy, seed, run, frame number), so that every node and every retry picks the
same frames.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from swf_testbed.fastmon.hashing import uniform
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput
from swf_testbed.model.states import DaqState, State, daq_state

Mask = NDArray[np.bool_]
Fraction = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True)
class StfFrames:
    """What an STF's header and index say of its frames.

    Attributes:
        run: run number.
        first_tf: number of the first frame that the file was made for.
        count: frames that the file was made for.
        tf: numbers of the frames that are there, ascending.
        slot_bytes, slot_hits: of every frame and subsystem, (frames, subsystems); None if not at hand.
        state: in effect when the file was taken; None if not known.
    """

    run: int
    first_tf: int
    count: int
    tf: NDArray[np.int64]
    slot_bytes: NDArray[np.integer[Any]] | None = None
    slot_hits: NDArray[np.integer[Any]] | None = None
    state: DaqState | None = None

    @classmethod
    def complete(cls, run: int, first_tf: int, count: int, **more: Any) -> "StfFrames":
        """A file with all its frames."""
        return cls(run, first_tf, count, np.arange(first_tf, first_tf + count), **more)

    def part_edges(self, parts: int) -> NDArray[np.int64]:
        """Frame numbers that cut the file into equal parts, ends included, (parts + 1)."""
        return self.first_tf + np.arange(parts + 1) * self.count // parts


class Policy(BaseModel):
    """One condition on frames."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str

    @abstractmethod
    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """Per frame of `frames.tf`, whether it is accepted."""


class FractionPolicy(Policy):
    """Each frame with probability `fraction`, independently of the others."""

    kind: Literal["fraction"]
    fraction: Fraction = Field(description="the probability")

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """Where the frame's own random number is below the fraction."""
        return np.asarray(uniform(self.kind, seed, frames.run, frames.tf) < self.fraction)


class BlocksPolicy(Policy):
    """One contiguous block in each of `blocks` equal parts of the file, `fraction` of its frames in all.

    Blocks are contiguous because signatures cross frame boundaries, and one a part so that no stretch of the
    file goes unseen. At least one frame a block.
    """

    kind: Literal["blocks"]
    blocks: int = Field(7, ge=1, le=1000, description="equal parts of the file, a block in each")
    fraction: Fraction = Field(0.05, description="the part of the frames, in all blocks together")

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """Where the frame lies in the block of its part."""
        edges = frames.part_edges(min(self.blocks, max(frames.count, 1)))
        size = np.diff(edges)
        # Rounding the running sum spreads what does not divide, and keeps the total at the fraction.
        wanted = np.diff(np.rint((edges - edges[0]) * self.fraction).astype(np.int64))
        length = np.clip(wanted, 1, size)
        room = size - length + 1
        start = edges[:-1] + (uniform(self.kind, seed, frames.run, edges[:-1]) * room).astype(np.int64)
        part = np.clip(np.searchsorted(edges, frames.tf, side="right") - 1, 0, len(size) - 1)
        return np.asarray((frames.tf >= start[part]) & (frames.tf < start[part] + length[part]))


class EveryNPolicy(Policy):
    """Each frame whose number leaves the remainder `offset` when divided by `n`."""

    kind: Literal["every_n"]
    n: int = Field(ge=1, description="1 takes every frame")
    offset: int = Field(0, ge=0, description="the remainder")

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """By frame number alone."""
        del seed
        return np.asarray(frames.tf % self.n == self.offset % self.n)


class ConsecutivePolicy(Policy):
    """The first `n` of every `of` frames, counted by frame number."""

    kind: Literal["consecutive"]
    n: int = Field(ge=1, description="frames that are taken; at most `of`")
    of: int = Field(ge=1, description="frames of a period")

    @model_validator(mode="after")
    def _n_fits(self) -> "ConsecutivePolicy":
        if self.n > self.of:
            raise ValueError(f"n ({self.n}) must be at most of ({self.of})")
        return self

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """By frame number alone."""
        del seed
        return np.asarray(frames.tf % self.of < self.n)


class VolumePolicy(Policy):
    """Frames whose `quantity` in the chosen subsystems together is from `minimum` to `maximum`."""

    kind: Literal["volume"]
    quantity: Literal["bytes", "hits"] = Field("bytes", description="what is looked at, from the index")
    detectors: tuple[str, ...] = Field((), description="subsystems by their short names; none is all")
    minimum: int = Field(0, ge=0, description="bytes or hits of a frame")
    maximum: int | None = Field(None, ge=0, description="bytes or hits of a frame; not set is no limit")

    @field_validator("detectors")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for name in names:
                detector(name)
        except BadInput as error:
            raise ValueError(f"{error.value!r} {error.allowed}") from None
        return names

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """From the index alone; `BadInput` if it is not at hand."""
        del seed
        slots = frames.slot_bytes if self.quantity == "bytes" else frames.slot_hits
        if slots is None:
            raise BadInput("volume", "no index", "needs the index of the file")
        chosen = [detector(name).id for name in self.detectors] or list(range(slots.shape[1]))
        if max(chosen) >= slots.shape[1]:
            raise BadInput("detectors", list(self.detectors), f"the file has {slots.shape[1]} slots")
        volume = slots[:, chosen].sum(axis=1, dtype=np.int64)
        most = np.iinfo(np.int64).max if self.maximum is None else self.maximum
        return np.asarray((volume >= self.minimum) & (volume <= most))


class StatePolicy(Policy):
    """Frames of files taken in one of `states`: `run`, or a pair like `run/physics`."""

    kind: Literal["state"]
    states: tuple[str, ...] = Field(min_length=1, description="at least one")

    @field_validator("states")
    @classmethod
    def _exist(cls, states: tuple[str, ...]) -> tuple[str, ...]:
        for said in states:
            state, _, substate = said.partition("/")
            try:
                _check_state(state, substate)
            except BadInput as error:
                raise ValueError(f"{said!r}: {error.field} {error.allowed}") from None
        return states

    def accepts(self, frames: StfFrames, seed: int) -> Mask:
        """All frames or none."""
        del seed
        now = frames.state
        match = now is not None and (now.state.value in self.states or str(now) in self.states)
        return np.full(len(frames.tf), match)


def _check_state(state: str, substate: str) -> None:
    if substate or state not in set(State):
        daq_state(state, substate or None)


AnyPolicy = Annotated[
    FractionPolicy | BlocksPolicy | EveryNPolicy | ConsecutivePolicy | VolumePolicy | StatePolicy,
    Field(discriminator="kind"),
]
