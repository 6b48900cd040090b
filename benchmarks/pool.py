"""Slices a second of 1, 2, 4 and 8 workers, beside what stands around them.

With an empty payload beside the broker's ceiling under the same discipline: what raw clients, as many as
the workers, reach with a persistent queue and prefetch 1, each answering with a persistent message, waiting
for its receipt, and then acknowledging the slice by itself. A second line has the bare queue: one raw
client, prefetch 100, that acknowledges each message and answers nothing. The empty payload, ours and
trusted, is called in the worker's own process; the histogrammer in a process beside it.

The histogrammer stands beside its bare loop of decoding, filling and packing what was filled, on as many
cores at once. With frames of ePIC's size, and with small ones, where what a slice costs around its payload
weighs more; and a line has the loop that packs nothing.

    python benchmarks/pool.py [--slices 1000] [--workers 1,2,4,8]
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from figures import Figure, tell
from raw_workers import answered, raw_workers

from broker import running_broker, with_acknowledgements
from swf_testbed.adapters.pool import WorkerSpec
from swf_testbed.adapters.pool.local import LocalEngine
from swf_testbed.bus import BrokerAddress, StompBus, Subscription
from swf_testbed.config.memory import memory_environment
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.generated import GeneratedFiles
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.fastmon.fill import products_of_frames
from swf_testbed.messages import Slice, SliceContent, WorkerHeartbeat, decode
from swf_testbed.messages.codec import encode
from swf_testbed.model import destinations, states
from swf_testbed.model.names import StfName
from swf_testbed.model.status import WorkerStatus
from swf_testbed.payloads import Work
from swf_testbed.payloads.function import histograms
from swf_testbed.stf.reader import StfReader

NAMESPACE = "bench"
PATIENCE_S = 120.0
FRAMES, SAMPLE = 7, 70
"""Of a slice, and of the file that all are of."""

CONFIGURATION = f"""
[testbed]
namespace = "{NAMESPACE}"
[payloads.nothing]
kind = "python"
function = "swf_testbed.payloads.function:nothing"
"""


class Bench:
    """A broker's port, a bus, and workers that are started for each measurement."""

    def __init__(self, home: Path, port: int) -> None:
        (home / "testbed.toml").write_text(CONFIGURATION)
        self.bus = StompBus(BrokerAddress("127.0.0.1", port))
        self._heard = self.bus.subscribe(Subscription(destinations.WORKERS))
        self._port, self._engine, self._launched = port, LocalEngine(home / "engine"), 0
        told = {
            **memory_environment("worker"),
            "SWF_HOME": str(home),
            "ACTIVEMQ_PORT": str(port),
            "SWF_LOG_LEVEL": "WARNING",
        }
        told["SWF_MONITOR_HTTP_URL"] = "http://127.0.0.1:9"  # nobody
        argv = (sys.executable, "-P", "-m", "swf_testbed.agents", "worker")
        self._spec = WorkerSpec(argv, told, home / "logs")
        self._heard.wait_established(PATIENCE_S)

    def rate(self, workers: int, slices: Sequence[Slice]) -> float:
        """Slices a second, from the first into the queue to the last answer."""
        numbers = [self._launched + 1 + index for index in range(workers)]
        self._launched += workers
        handles = self._engine.launch(NAMESPACE, numbers, self._spec)
        try:
            self._await_ready(workers)
            # Each starts the histogrammer's process, whatever its slices need: not while it is measured.
            answered(self._port, some_slices(4 * workers, "histograms", slices[0].content.file_url))
            return answered(self._port, slices)
        finally:
            self._engine.stop(handles, grace_s=10)

    def _await_ready(self, workers: int) -> None:
        ready: set[str] = set()
        until = time.monotonic() + PATIENCE_S
        while len(ready) < workers:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(ready)} of {workers} workers are ready")
            for delivery in self._heard.take(100, timeout_s=1.0):
                self._heard.ack([delivery])
                said = decode(delivery.body)
                if isinstance(said, WorkerHeartbeat) and said.content.state is WorkerStatus.IDLE:
                    ready.add(said.content.worker_id)

    def close(self) -> None:
        """End."""
        self.bus.close()


def some_slices(count: int, payload: str, url: str) -> list[Slice]:
    """Slices of one file, over and over."""
    return [_slice(number, payload, url, FRAMES * (number % (SAMPLE // FRAMES))) for number in range(count)]


def _slice(number: int, payload: str, url: str, start: int) -> Slice:
    content = SliceContent(
        run_id=100_010,
        req_id=f"bench#{number}",
        filename="swf.100010.000001.stf",
        tf_filename="swf.100010.000001_tf_001.tf",
        file_url=url,
        slice_id=number,
        start=start,
        end=start + FRAMES - 1,
        tf_count=FRAMES,
        payload=payload,
    )
    return Slice(namespace=NAMESPACE, sender="bench", run_id=100_010, instance="bench", content=content)


def bare_rate(work: Callable[[dict[str, Any]], object], slices: Sequence[Slice], cores: int) -> float:
    """Slices a second of a function alone, on so many cores at once: they share caches, and more."""
    described = [Work.of_slice(piece.content).model_dump(mode="json") for piece in slices]
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(cores)
    with ProcessPoolExecutor(cores, context, initializer=_meet_at, initargs=(together,)) as pool:
        rates = list(pool.map(_loop, [work] * cores, [described] * cores))
    return sum(rates)


_met: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    _met.append(barrier)


def _loop(work: Callable[[dict[str, Any]], object], described: Sequence[dict[str, Any]]) -> float:
    work(described[0])
    _met[0].wait(PATIENCE_S)
    began = time.perf_counter()
    for description in described:
        work(description)
    return len(described) / (time.perf_counter() - began)


def fill(description: dict[str, Any]) -> object:
    """Decode and fill, and throw away what was filled."""
    work = Work.model_validate(description)
    with StfReader.open(work.urls[0]) as reader:
        return products_of_frames(reader, range(work.frames.first, work.frames.last + 1))


def make_sample(path: Path, frames: int, scale: float) -> str:
    """A file of generated frames; its URL."""
    simulation = Simulation(tf_per_stf=frames, scale=scale)
    slot = StfSlot(StfName(100_010, 1), states.PHYSICS, time.time_ns(), 0.0)
    GeneratedFiles(100_010, simulation, ()).write(path, slot)
    return path.as_uri()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=1000, help="of each measurement (%(default)s)")
    parser.add_argument("--workers", default="1,2,4,8", help="how many, in turn (%(default)s)")
    parser.add_argument("--small", type=float, default=0.05, help="part of ePIC's hits in small frames")
    said = parser.parse_args()
    numbers = [int(word) for word in said.workers.split(",")]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, running_broker() as (port, _):
        url = make_sample(Path(folder) / "small.tf", SAMPLE, said.small)
        bench = Bench(Path(folder), port)
        figures += empty_payload(bench, port, said.slices, numbers, url)
        figures += histogrammer(bench, said.slices // 4, numbers, url, f"{said.small} of ePIC's hits")
        url = make_sample(Path(folder) / "whole.tf", SAMPLE, 1.0)
        figures += histogrammer(bench, said.slices // 8, numbers, url, "ePIC's hits", bound=0.8)
        bench.close()
    return 0 if tell(*figures) else 1


def empty_payload(bench: Bench, port: int, count: int, numbers: Sequence[int], url: str) -> Iterator[Figure]:
    """Beside raw clients, and the bare queue."""
    empty = some_slices(count, "nothing", url)
    bare = with_acknowledgements(port, encode(empty[0]), 4 * count)
    for workers in numbers:
        with raw_workers(port, NAMESPACE, workers):
            ceiling = answered(port, empty)
        rate = bench.rate(workers, empty)
        name, bound = f"pool, empty payload, {workers} workers", 0.5 if workers == 4 else None
        yield Figure(name, rate, "slices/s", f"{workers} raw clients", ceiling, "higher", bound)
        yield Figure(f"{name} beside prefetch 100", rate, "slices/s", "the bare queue", bare, "higher")


def histogrammer(
    bench: Bench, count: int, numbers: Sequence[int], url: str, frames: str, bound: float | None = None
) -> Iterator[Figure]:
    """Beside its bare loop on all cores that two workers can have; the bound is for the best of the pools."""
    filled = some_slices(max(60, count), "histograms", url)
    cores = min(2, os.cpu_count() or 1)
    bare, unpacked = (bare_rate(work, filled[:60], cores) for work in (histograms, fill))
    rates = {workers: bench.rate(workers, filled) for workers in numbers}
    name, best = f"pool, histogrammer, {frames}", max(rates.values())
    for workers, rate in rates.items():
        yield Figure(
            f"{name}, {workers} workers", rate, "slices/s", f"the bare loop on {cores} cores", bare, "higher"
        )
    yield Figure(
        f"{name}, at best", best, "slices/s", f"the bare loop on {cores} cores", bare, "higher", bound
    )
    yield Figure(f"{name}, at best, beside no packing", best, "slices/s", "filling alone", unpacked, "higher")


if __name__ == "__main__":
    sys.exit(main())
