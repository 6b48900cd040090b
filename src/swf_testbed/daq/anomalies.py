"""Faults to inject: what goes wrong, in which subsystem, from when to when.

Monitoring is judged on finding these. Each is deterministic in the run's seed; `start_s` and `end_s` are
seconds since physics began, `first_tf` and `last_tf` (inclusive) frame numbers; without either the
fault lasts for the whole run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from swf_testbed.config.checked import checked
from swf_testbed.daq.columns import HitColumns
from swf_testbed.model.detectors import BC_NS, FINE_PER_BC, Detector, detector
from swf_testbed.model.errors import BadInput
from swf_testbed.model.faults import Fault

Mask = NDArray[np.bool_]
Fraction = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """The frames at hand: their numbers, and their starts in s since the start of the run."""

    tf: NDArray[np.int64]
    t_s: NDArray[np.floating[Any]]


class Anomaly(BaseModel):
    """One fault with a start and an end; a kind overrides what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    start_s: float | None = Field(
        None, ge=0, description="when it begins, s since physics began; not set is at once"
    )
    end_s: float | None = Field(None, ge=0, description="when it is over, s; not set is never")
    first_tf: int | None = Field(None, ge=0, description="in place of times: its first frame")
    last_tf: int | None = Field(None, ge=0, description="and its last frame, included")

    @model_validator(mode="after")
    def _window_is_one(self) -> "Anomaly":
        seconds, frames = (self.start_s, self.end_s), (self.first_tf, self.last_tf)
        if seconds != (None, None) and frames != (None, None):
            raise ValueError("the window must be given in seconds or in frames, not in both")
        for low, high in (seconds, frames):
            if low is not None and high is not None and high < low:
                raise ValueError(f"the window ends ({high}) before it starts ({low})")
        return self

    def active(self, frames: FrameTimes) -> Mask:
        """Per frame, whether the fault is on."""
        on = np.ones(len(frames.tf), bool)
        for low, high, where in (
            (self.start_s, self.end_s, frames.t_s),
            (self.first_tf, self.last_tf, frames.tf),
        ):
            if low is not None:
                on &= where >= low
            if high is not None:
                on &= (where <= high) if where is frames.tf else (where < high)
        return on

    def progress(self, frames: FrameTimes) -> NDArray[np.float64]:
        """Per frame, how far the window has passed, 0 to 1; 1 for a window without an end."""
        for low, high, where in (
            (self.start_s, self.end_s, frames.t_s),
            (self.first_tf, self.last_tf, frames.tf),
        ):
            if high is not None:
                begin = low or 0
                return np.clip((where - begin) / max(high - begin, 1e-9), 0.0, 1.0)
        return np.ones(len(frames.tf))


class DetectorAnomaly(Anomaly):
    """A fault of one subsystem."""

    detector: str = Field(description="the subsystem's short name, as `btof`")

    def check(self, subsystem: Detector) -> None:
        """`BadInput` if the fault cannot happen in that subsystem."""

    def noise_factor(self, frames: FrameTimes) -> NDArray[np.float64]:
        """Per frame, what the noise rate is multiplied with."""
        return np.ones(len(frames.tf))

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: "Thin") -> HitColumns:
        """The hits as the faulty subsystem would have sent them."""
        del subsystem, frames, thin
        return hits


@dataclass(frozen=True, slots=True)
class Thin:
    """What a fault that adds hits needs: its own random numbers and the mean hits of 1 Hz in a frame."""

    rng: np.random.Generator
    hits_per_hz: float


class DeadUnits(DetectorAnomaly):
    """Readout units that send nothing."""

    kind: Literal[Fault.DEAD_UNITS]
    units: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1, description="their numbers, from 0")

    def check(self, subsystem: Detector) -> None:
        """`BadInput` for a unit that the subsystem does not have."""
        _check_below("units", self.units, subsystem.units, subsystem.name)

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: Thin) -> HitColumns:
        """Without the hits of the dead units."""
        del thin
        dead = np.zeros(subsystem.units, bool)
        dead[list(self.units)] = True
        off = dead[hits.channel // subsystem.channels_per_unit] & self.active(frames)[hits.frame()]
        return hits.keep(~off)


class HotChannels(DetectorAnomaly):
    """Channels that fire at `rate_hz` each, at random times, with noise-like amplitudes."""

    kind: Literal[Fault.HOT_CHANNELS]
    channels: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="their numbers, from 0"
    )
    rate_hz: float = Field(gt=0, le=BC_NS**-1 * 1e9, description="Hz, of each channel")

    def check(self, subsystem: Detector) -> None:
        """`BadInput` for a channel that the subsystem does not have."""
        _check_below("channels", self.channels, subsystem.channels, subsystem.name)

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: Thin) -> HitColumns:
        """With the hot channels' hits."""
        mean = self.active(frames) * (self.rate_hz * thin.hits_per_hz)
        counts = thin.rng.poisson(mean[:, None], (len(mean), len(self.channels)))
        cells = np.repeat(np.arange(counts.size), counts.ravel())
        return hits.extended(
            HitColumns.at_random(
                thin.rng,
                frame=cells // len(self.channels),
                channel=np.asarray(self.channels, np.int64)[cells % len(self.channels)],
                adc=subsystem.pedestal + subsystem.scale * thin.rng.standard_exponential(len(cells)),
            )
        )


class GainShift(DetectorAnomaly):
    """The amplitude above pedestal is multiplied by `factor`; with `drift`, gradually over the window."""

    kind: Literal[Fault.GAIN]
    factor: float = Field(ge=0, le=1000, description="1 is no fault")
    drift: bool = Field(False, description="whether `factor` is reached only at the end of the window")

    @model_validator(mode="after")
    def _drift_needs_an_end(self) -> "GainShift":
        if self.drift and self.end_s is None and self.last_tf is None:
            raise ValueError("a drift needs the end of its window (end_s or last_tf)")
        return self

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: Thin) -> HitColumns:
        """With the other gain."""
        del thin
        reached = self.progress(frames) if self.drift else 1.0
        factor = np.where(self.active(frames), 1.0 + (self.factor - 1.0) * reached, 1.0)
        hits.adc = subsystem.pedestal + (hits.adc - subsystem.pedestal) * factor[hits.frame()]
        return hits


class TimeOffset(DetectorAnomaly):
    """Times are late by `offset_ns` (early if negative)."""

    kind: Literal[Fault.TIME_OFFSET]
    offset_ns: float = Field(ge=-1e5, le=1e5, description="ns; a bunch crossing is 10.152 ns")

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: Thin) -> HitColumns:
        """With the late times."""
        del subsystem, thin
        return hits.shifted(self.active(frames), round(self.offset_ns * FINE_PER_BC / BC_NS))


class BunchShift(DetectorAnomaly):
    """The subsystem's clock counts `crossings` too many (too few if negative)."""

    kind: Literal[Fault.BUNCH_SHIFT]
    crossings: int = Field(ge=-10_000, le=10_000, description="bunch crossings of 10.152 ns")

    def apply(self, hits: HitColumns, subsystem: Detector, frames: FrameTimes, thin: Thin) -> HitColumns:
        """With the other crossing numbers."""
        del subsystem, thin
        return hits.shifted(self.active(frames), self.crossings * FINE_PER_BC)


class NoiseFactor(DetectorAnomaly):
    """Electronic noise is multiplied by `factor`."""

    kind: Literal[Fault.NOISE]
    factor: float = Field(ge=0, le=1000, description="1 is no fault, 0 no noise at all")

    def noise_factor(self, frames: FrameTimes) -> NDArray[np.float64]:
        """`factor` while the fault is on."""
        return np.where(self.active(frames), self.factor, 1.0)


class BankAnomaly(DetectorAnomaly):
    """A fault of whole banks, in a `fraction` of the frames."""

    fraction: Fraction = Field(1.0, description="the part of the frames that is struck")

    def hit_frames(self, frames: FrameTimes, rng: np.random.Generator) -> Mask:
        """Per frame, whether the bank is struck."""
        return self.active(frames) & (rng.random(len(frames.tf)) < self.fraction)


class MissingBank(BankAnomaly):
    """The frame comes without the subsystem's bank."""

    kind: Literal[Fault.MISSING_BANK]


class CorruptedBank(BankAnomaly):
    """The stored bytes of the bank do not fit its CRC."""

    kind: Literal[Fault.CORRUPTED_BANK]


class MissingStf(Anomaly):
    """STF files that are never written: those of `sequences`, or else those that start in the window."""

    kind: Literal[Fault.MISSING_STF]
    sequences: tuple[Annotated[int, Field(ge=1)], ...] = Field((), description="their numbers, from 1")

    @model_validator(mode="after")
    def _says_which(self) -> "MissingStf":
        window = (self.start_s, self.end_s, self.first_tf, self.last_tf)
        if not self.sequences and window == (None, None, None, None):
            raise ValueError("a missing STF needs sequences or a window, or else every file would be missing")
        return self


AnyAnomaly = Annotated[
    DeadUnits
    | HotChannels
    | GainShift
    | TimeOffset
    | BunchShift
    | NoiseFactor
    | MissingBank
    | CorruptedBank
    | MissingStf,
    Field(discriminator="kind"),
]

_LIST: TypeAdapter[tuple[AnyAnomaly, ...]] = TypeAdapter(tuple[AnyAnomaly, ...])


def parse_anomalies(entries: Sequence[Any], field: str = "anomalies") -> tuple[Anomaly, ...]:
    """The faults that a list of tables (as in TOML) describes.

    Raises:
        BadInput: names the entry and field that is wrong and what is allowed.
    """
    found = checked(_LIST, list(entries), field)
    for position, anomaly in enumerate(found):
        if isinstance(anomaly, DetectorAnomaly):
            try:
                anomaly.check(detector(anomaly.detector))
            except BadInput as error:
                raise BadInput(f"{field}[{position}].{error.field}", error.value, error.allowed) from None
    return found


def missing_stf(anomalies: Iterable[Anomaly], sequence: int, first_tf: int, start_s: float) -> bool:
    """Whether a fault swallows the STF with that sequence number, first frame and start."""
    start = FrameTimes(np.array([first_tf]), np.array([start_s]))
    return any(
        isinstance(anomaly, MissingStf)
        and bool(anomaly.active(start)[0])
        and (not anomaly.sequences or sequence in anomaly.sequences)
        for anomaly in anomalies
    )


def _check_below(field: str, values: Iterable[int], end: int, name: str) -> None:
    for value in values:
        if value >= end:
            raise BadInput(field, value, f"{name} has {field} 0 to {end - 1}")
