"""How a subsystem answers: noise, and clusters of hits after interactions, in ADC and time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from swf_testbed.daq.columns import HitColumns
from swf_testbed.model.detectors import BC_NS, FINE_PER_BC, Detector, Spectrum

_CROSSTALK = 0.25
"""Mean number of further photo-electrons that one sets free in its neighbours."""


def noise_hits(subsystem: Detector, mean: NDArray[np.float64], rng: np.random.Generator) -> HitColumns:
    """Electronic noise at random times and channels; `mean` is the mean number of hits of each frame."""
    frame = np.repeat(np.arange(len(mean)), rng.poisson(mean))
    if subsystem.spectrum is Spectrum.PHOTOELECTRON:
        adc = _amplitudes(subsystem, len(frame), rng)
    else:
        reach = np.float32(subsystem.scale / 6)
        adc = np.float32(subsystem.pedestal) + reach * rng.standard_exponential(len(frame), np.float32)
    channel = rng.integers(0, subsystem.channels, len(frame), dtype=np.uint32)
    return HitColumns.at_random(rng, frame, channel.astype(np.int64), adc)


def beam_hits(
    subsystem: Detector, interactions: list[NDArray[np.int64]], rng: np.random.Generator
) -> HitColumns:
    """Clusters of hits that follow interactions, whose crossings are given kind by kind."""
    seeds = [
        crossings[rng.integers(0, len(crossings), rng.poisson(len(crossings) * mean / subsystem.cluster))]
        for crossings, mean in zip(interactions, subsystem.hits_per_interaction(), strict=False)
        if len(crossings)
    ]
    crossing = np.concatenate([np.empty(0, np.int64), *seeds])
    size = 1 + rng.poisson(subsystem.cluster - 1, len(crossing))
    place = rng.random(len(crossing)) ** subsystem.profile
    first = (place * np.maximum(subsystem.channels - size + 1, 1)).astype(np.int64)
    total = int(size.sum())
    member = np.arange(total) - np.repeat(np.cumsum(size) - size, size)
    late = subsystem.time_offset_ns + subsystem.time_resolution_ns * rng.standard_normal(total, np.float32)
    return HitColumns(
        time=np.repeat(crossing * FINE_PER_BC, size) + np.rint(late * (FINE_PER_BC / BC_NS)).astype(np.int64),
        channel=np.minimum(np.repeat(first, size) + member, subsystem.channels - 1),
        adc=_amplitudes(subsystem, total, rng),
    )


def _amplitudes(subsystem: Detector, number: int, rng: np.random.Generator) -> NDArray[np.floating[Any]]:
    pedestal, scale = np.float32(subsystem.pedestal), np.float32(subsystem.scale)
    signal: NDArray[np.floating[Any]]
    if subsystem.spectrum is Spectrum.EXPONENTIAL:
        signal = rng.standard_exponential(number, np.float32)
    elif subsystem.spectrum is Spectrum.MOYAL:
        # -ln(Z^2) of a normal Z follows the Moyal distribution; 1e-9 keeps the logarithm finite.
        normal = rng.standard_normal(number, np.float32)
        signal = 1 - np.log(np.maximum(normal * normal, np.float32(1e-9))) / 5
    else:
        smear = rng.standard_normal(number, np.float32) / 8
        signal = 1 + rng.poisson(_CROSSTALK, number).astype(np.float32) + smear
    return pedestal + scale * signal
