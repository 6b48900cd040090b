"""The subsystems of ePIC as the testbed knows them; the numbers stand in `detectors.toml`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Detector:
    """One subsystem: how it is read out, and how it answers to noise, physics and background.

    Times are in ns, rates in Hz per channel, hits in hits per interaction; ADC in counts.
    """

    id: int
    name: str
    title: str
    channels: int
    units: int
    links: int
    spectrum: str
    pedestal: float
    scale: float
    noise_hz: float
    dis_hits: float
    synchrotron_hits: float
    electron_gas_hits: float
    proton_gas_hits: float
    cluster: int
    time_offset_ns: float
    time_resolution_ns: float

    def __post_init__(self) -> None:
        if self.channels % self.units:
            raise ValueError(f"{self.name}: {self.channels} channels do not divide into {self.units} units")

    @property
    def channels_per_unit(self) -> int:
        """Channels of one readout unit."""
        return self.channels // self.units


@dataclass(frozen=True, slots=True)
class Beam:
    """Interaction rates (Hz) of one beam setting."""

    name: str
    dis: float
    synchrotron: float
    electron_gas: float
    proton_gas: float


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("swf_testbed.model").joinpath("detectors.toml").read_text("utf-8"))


@cache
def detectors() -> tuple[Detector, ...]:
    """Every subsystem, in the order of the table; position and `id` are stable."""
    return tuple(Detector(**entry) for entry in _table()["detector"])


@cache
def beams() -> dict[str, Beam]:
    """The beam settings by name (`18x275`, `10x100`)."""
    return {name: Beam(name=name, **rates) for name, rates in _table()["beam"].items()}
