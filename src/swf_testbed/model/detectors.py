"""The subsystems of ePIC as the testbed knows them; the numbers stand in `detectors.toml`."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from swf_testbed.model.errors import BadInput, one_of

BC_PER_TF = 65_536
"""Bunch crossings in a time frame."""

BUNCH_RATE_HZ = 98.5e6
"""Bunch crossings a second."""

BC_NS = 1e9 / BUNCH_RATE_HZ
"""One bunch crossing, ns (10.152)."""

TF_NS = BC_PER_TF * BC_NS
"""One time frame, ns (665 340)."""

FINE_PER_BC = 256
"""Fine-time bins in a bunch crossing (39.66 ps each)."""

BUNCHES_PER_ORBIT = 1260
FILLED_BUNCHES = 1160
"""Filled bunches of an orbit; the rest is the abort gap."""


_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Spectrum(StrEnum):
    """The shape of a subsystem's ADC spectrum."""

    EXPONENTIAL = "exponential"
    MOYAL = "moyal"
    PHOTOELECTRON = "photoelectron"


@dataclass(frozen=True, slots=True)
class Detector:
    """One subsystem: how it is read out, and how it answers to noise, physics and background.

    Times are in ns, rates in Hz per channel, hits in mean hits per interaction, `pedestal` and `scale` in
    ADC counts; `detectors.toml` says what each means.
    """

    id: int
    name: str
    title: str
    channels: int
    units: int
    adc_bits: int
    spectrum: Spectrum
    pedestal: float
    scale: float
    noise_hz: float
    dis_hits: float
    synchrotron_hits: float
    electron_gas_hits: float
    proton_gas_hits: float
    cluster: float
    profile: float
    time_offset_ns: float
    time_resolution_ns: float

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name}: a name has small letters, digits and _, a letter first")
        if self.channels % self.units:
            raise ValueError(f"{self.name}: {self.channels} channels do not divide into {self.units} units")

    @property
    def channels_per_unit(self) -> int:
        """Channels of one readout unit."""
        return self.channels // self.units

    @property
    def adc_end(self) -> int:
        """The first ADC count beyond the range."""
        return 1 << self.adc_bits

    def hits_per_interaction(self) -> tuple[float, float, float, float]:
        """Mean hits of DIS, synchrotron, electron gas and proton gas: the order of `Beam.rates`."""
        return self.dis_hits, self.synchrotron_hits, self.electron_gas_hits, self.proton_gas_hits


@dataclass(frozen=True, slots=True)
class Beam:
    """Interaction rates (Hz) of one beam setting."""

    name: str
    dis: float
    synchrotron: float
    electron_gas: float
    proton_gas: float

    def rates(self) -> tuple[float, float, float, float]:
        """Hz of DIS, synchrotron, electron gas and proton gas."""
        return self.dis, self.synchrotron, self.electron_gas, self.proton_gas


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("swf_testbed.model").joinpath("detectors.toml").read_text("utf-8"))


@cache
def detectors() -> tuple[Detector, ...]:
    """Every subsystem, in the order of the table, where position equals `id`."""
    listed: dict[str, Detector] = {}
    for entry in _table()["detector"]:
        one = Detector(**{**entry, "spectrum": Spectrum(entry["spectrum"])})
        if one.id != len(listed):
            raise ValueError(f"{one.name}: id {one.id} must be {len(listed)}, its place in the table")
        if one.name in listed:
            raise ValueError(f"{one.name}: is there already, with the id {listed[one.name].id}")
        listed[one.name] = one
    return tuple(listed.values())


@cache
def _by_name() -> dict[str, Detector]:
    return {detector.name: detector for detector in detectors()}


def detector(name: str) -> Detector:
    """The subsystem of that name; `BadInput` if there is none."""
    found = _by_name().get(name)
    if found is None:
        raise BadInput("detector", name, one_of(_by_name()))
    return found


@cache
def beams() -> dict[str, Beam]:
    """The beam settings by name (`18x275`, `10x100`)."""
    return {name: Beam(name=name, **rates) for name, rates in _table()["beam"].items()}


def beam(name: str) -> Beam:
    """The beam setting of that name; `BadInput` if there is none."""
    found = beams().get(name)
    if found is None:
        raise BadInput("beam", name, one_of(beams()))
    return found
