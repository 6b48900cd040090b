"""Filling and merging speed of all monitoring products beside a bare `numpy.bincount` over the same hits.

Bare means: for every hit product, `numpy.bincount` of bin numbers that were made beforehand as int64, into
the same bins; so it has neither the decoding of words, nor the arithmetic of bins, nor the sparse form.

Merging adds the products of slices to those of a run that has them all already, as a merger does all day. It
stands beside the bare counting of the same slices: at the laptop's scale a slice of 7 frames has 100 hits for
each 1000 bins, and making the bins costs more than counting. How fast the bare counting is slice by slice,
beside all hits at once, is printed too.

    python benchmarks/fill.py [--scale 0.74] [--frames 20] [--slice 4] [--repeat 7]
"""

import argparse
import sys
import time
from collections.abc import Callable
from itertools import count, pairwise

import numpy as np
from figures import Figure, tell
from numpy.typing import NDArray

from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.fastmon.products import BankHits, BunchPattern, hit_products
from swf_testbed.model.detectors import BC_PER_TF, BUNCHES_PER_ORBIT, beam, detectors

LEAST = 1 / 2.5
"""Of the speed of the bare counting."""

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
    """The shortest time of `repeat`, s of the processor: one thread, whatever else is at work."""
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def _figure(name: str, speed: float, counted: float, least: float | None = LEAST) -> Figure:
    return Figure(name, speed, "Mhit/s", "bare bincount", counted, "higher", least)


def main() -> int:
    """Print hits a second of both, and their ratio; 1 if it misses what is asked."""
    arguments = argparse.ArgumentParser(description="Filling and merging speed of all products")
    arguments.add_argument("--scale", type=float, default=0.74)
    arguments.add_argument("--frames", type=int, default=20)
    arguments.add_argument("--slice", type=int, default=4, help="frames of a slice")
    arguments.add_argument("--repeat", type=int, default=7)
    said = arguments.parse_args()
    content = ContentGenerator(1, said.scale, beam("18x275")).generate(100_010, 0, said.frames)
    number = len(content.hits)
    banks = banks_of(content)
    edges = [*range(0, said.frames, said.slice), said.frames]
    slices = [range(*pair) for pair in pairwise(edges)]
    run, parts = RunHistograms(), count()

    def fill() -> object:
        return hit_products(content.n_frames, joined(content, banks))

    def fill_and_merge() -> None:
        for frames in slices:
            part = [[bank[frame] for frame in frames] for bank in banks]
            bc0 = [(content.first_tf + frame) * BC_PER_TF for frame in frames]
            hits = [BankHits.of(one, part[slot], bc0) for slot, one in enumerate(detectors())]
            run.add(str(next(parts)), hit_products(len(frames), hits))

    def indices(frames: range) -> list[Indices]:
        part = [[bank[frame] for frame in frames] for bank in banks]
        bc0 = [(content.first_tf + frame) * BC_PER_TF for frame in frames]
        return [bin_numbers(BankHits.of(one, part[slot], bc0)) for slot, one in enumerate(detectors())]

    at_once, by_slice = indices(range(said.frames)), [indices(frames) for frames in slices]
    fill_and_merge()

    def speed(work: Callable[[], object]) -> float:
        return number / best(work, said.repeat) / 1e6

    counted, sliced = speed(lambda: bare(at_once)), speed(lambda: [bare(one) for one in by_slice])
    print(f"hits {number}, subsystems {len(at_once)}, products {len(at_once[0])} of hits and the bank status")
    figures = [
        _figure("filling", speed(fill), counted),
        _figure(f"filling and merging slices of {said.slice}", speed(fill_and_merge), sliced),
        _figure("bare bincount slice by slice, beside at once", sliced, counted, None),
    ]
    return 0 if tell(*figures) else 1


if __name__ == "__main__":
    sys.exit(main())
