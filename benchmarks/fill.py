"""Filling speed of all monitoring products beside a bare `numpy.bincount` over the same hits.

Bare means: for every hit product, `numpy.bincount` of bin numbers that were made beforehand as int64, into
the same bins; so it has neither the decoding of words, nor the arithmetic of bins, nor the sparse form.

    python benchmarks/fill.py [--scale 0.1] [--frames 100] [--repeat 7]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.fastmon.products import BankHits, BunchPattern, hit_products
from swf_testbed.model.detectors import BC_PER_TF, BUNCHES_PER_ORBIT, beam, detectors

TARGET = 2.5
Indices = list[tuple[NDArray[np.int64], int]]


def banks_of(content: Content) -> list[list[NDArray[np.uint64]]]:
    """The hits of each subsystem, bank by bank."""
    frames, slots = range(content.n_frames), range(len(detectors()))
    return [[content.bank(frame, slot) for frame in frames] for slot in slots]


def joined(content: Content, banks: list[list[NDArray[np.uint64]]]) -> list[BankHits]:
    """The banks put together, subsystem by subsystem."""
    bc0 = [(content.first_tf + frame) * BC_PER_TF for frame in range(content.n_frames)]
    return [BankHits.of(subsystem, banks[slot], bc0) for slot, subsystem in enumerate(detectors())]


def bin_numbers(hits: BankHits) -> Indices:
    """The bin numbers of every hit product, ready made, with the number of bins."""
    here = hits.detector
    channel = hits.channel.astype(np.int64)
    crossing = hits.crossing.astype(np.int64)
    bunch = (crossing + np.repeat(hits.bc0, hits.lengths)) % BUNCHES_PER_ORBIT
    return [
        (channel // here.channels_per_unit, here.units),
        (channel, here.channels),
        (hits.adc.astype(np.int64) >> here.adc_bits - 8, 256),
        (hits.fine.astype(np.int64), 256),
        (bunch, BunchPattern().axis(here).bins),
        (crossing >> 8, 256),
    ]


def bare(indices: list[Indices]) -> None:
    """Only the counting."""
    for products in indices:
        for index, bins in products:
            np.bincount(index, minlength=bins)


def best(work: Callable[[], object], repeat: int) -> float:
    """The shortest time of `repeat`, s."""
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def main() -> None:
    """Print hits a second of both, and their ratio."""
    arguments = argparse.ArgumentParser(description="Filling speed of all products")
    arguments.add_argument("--scale", type=float, default=0.1)
    arguments.add_argument("--frames", type=int, default=100)
    arguments.add_argument("--repeat", type=int, default=7)
    said = arguments.parse_args()
    content = ContentGenerator(1, said.scale, beam("18x275")).generate(100_010, 0, said.frames)
    number = len(content.hits)
    banks = banks_of(content)

    def fill() -> object:
        return hit_products(content.n_frames, joined(content, banks))

    indices = [bin_numbers(hits) for hits in joined(content, banks)]
    filled, counted = best(fill, said.repeat), best(lambda: bare(indices), said.repeat)
    print(f"hits {number}, subsystems {len(indices)}, products {len(indices[0])} of hits and the bank status")
    print(f"all products   {number / filled / 1e6:7.1f} Mhit/s")
    print(f"bare bincount  {number / counted / 1e6:7.1f} Mhit/s")
    print(f"ratio {filled / counted:.2f} (target: at most {TARGET})")


if __name__ == "__main__":
    main()
