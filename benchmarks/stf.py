"""Speed of the STF format: writing, skimming and decoding, each as a ratio to the least it could cost.

Run: python benchmarks/stf.py [--hits-per-bank 81] [--frames 1000]. Each time is the best of several.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import numpy as np
from figures import Figure, tell

from swf_testbed.stf.documents import DetectorInfo, FileHeader, FrameBatch
from swf_testbed.stf.reader import StfReader, frame_hits_by_detector
from swf_testbed.stf.skim import skim
from swf_testbed.stf.writer import StfWriter

N_BANK = 16
REPEATS = 7


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def make(n_frames: int, hits_per_bank: float) -> FrameBatch:
    """Frames of random hits."""
    random = np.random.default_rng(1)
    counts = random.poisson(hits_per_bank, (n_frames, N_BANK)).astype(np.uint32)
    return FrameBatch(
        tf=0,
        bc0=np.arange(n_frames, dtype=np.uint64),
        t_ns=np.arange(n_frames, dtype=np.uint64),
        counts=counts,
        bank_detector=np.arange(N_BANK, dtype=np.uint16),
        bank_link=np.zeros(N_BANK, np.uint16),
        hits=random.integers(0, 2**64, int(counts.sum()), np.uint64),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--hits-per-bank", type=float, default=81, help="81 makes 10 MB, 20000 makes 2.6 GB")
    options = parser.parse_args()
    detectors = tuple(DetectorInfo(id_, f"D{id_}", 1000, 10) for id_ in range(N_BANK))
    header = FileHeader(run=1, sequence=1, first_tf=0, t0_ns=0, detectors=detectors, uuid=UUID(int=1))
    many = make(options.frames, options.hits_per_bank)
    with TemporaryDirectory() as folder:
        path, plain = Path(folder, "a.stf"), Path(folder, "plain")

        def write() -> None:
            with StfWriter(path, header) as writer:
                writer.add_many(many)

        written = best(write)
        data = path.read_bytes()
        copied = best(lambda: plain.write_bytes(data))
        size = len(data) / 1e6
        print(f"file            {size:9.1f} MB, {len(many.hits) / 1e6:.2f} M hits, {options.frames} frames")
        tell(Figure("STF, write", written * 1e3, "ms", "plain write", copied * 1e3))

        part = options.frames // 7
        taken = max(1, round(options.frames * 0.05 / 7))
        blocks = [range(block * part, block * part + taken) for block in range(7)]
        files = skim(path, blocks, folder)
        skimmed = best(lambda: skim(path, blocks, folder))
        fraction = 7 * taken / options.frames
        print(f"skim of {fraction:.1%}: {files[0].source_requests} reads, 256 kB of index included")
        tell(
            Figure("STF, skim of a twentieth", skimmed * 1e3, "ms", "plain write of all", copied * 1e3),
            Figure("STF, bytes of that skim", files[0].source_bytes / 1e6, "MB", "whole file", size),
        )

        with StfReader.open(path) as reader:
            frames = reader.read_blocks()
        decoded = best(lambda: frame_hits_by_detector(frames))
        raw = many.hits.tobytes()
        least = best(lambda: np.frombuffer(raw, "<u8").copy())
        hits = len(many.hits) / 1e6
        tell(Figure("STF, decode and verify", hits / decoded, "Mhit/s", "plain copy", hits / least, "higher"))


if __name__ == "__main__":
    main()
