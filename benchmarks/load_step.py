"""A step in load: four times the slices for two minutes, and what the pool of workers makes of it.

    python benchmarks/load_step.py [--before 60] [--step 120] [--after 120] [--svg FILE] [--json FILE]

A testbed of its own takes one run. After a while its sampling is changed to four times as many slices an STF,
and then back, as a shifter does it. The pool controller starts workers of this machine, whose payload waits
for a known time. Each second what waits in the broker is taken down, with the workers that are wanted, that
the engine runs, and that are heard of. Asked is: at no time more than 1.3 times the workers that the step
needs; the wait back at its target before the step is over; the surplus released after it; no slice lost.
"""

import argparse
import json
import math
import os
import sys
import time
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from bench import waiting
from bench.homes import home_of
from bench.stack import NAMESPACE, WORKFLOW, Stack, running
from bench.step_curve import Curve, Latency, Moment, drawing, table
from figures import Figure, tell

from swf_testbed.control.commands import run_workflow
from swf_testbed.control.pool_status import pools
from swf_testbed.model import destinations
from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import TfSlice, WorkflowExecution
from swf_testbed.runtime.broker_counts import BrokerCounts

TF_PER_STF = 100
SLICES_PER_STF = 4
FACTOR = 4
OVERSHOOT = 1.3
RELEASE_S = 60.0
"""What is released must be so within this time, beside `pool.hold`."""

_BIN_S = 5.0
_SETTLED_S = 120.0


def configuration(said: argparse.Namespace) -> str:
    """What stands in testbed.toml beside the agents."""
    return f"""
[agents.pool]
[pool]
max_workers = {said.max_workers}
latency_target = {said.target}
hold = {said.hold}
[payloads.wait]
kind = "python"
function = "bench.waiting:wait"
"""


def parameters_of(said: argparse.Namespace) -> dict[str, Any]:
    """Of the run."""
    short = ("no_beam_not_ready_delay", "beam_not_ready_delay", "broadcast_delay", "beam_ready_delay")
    seconds = said.before + said.step + said.after
    return {
        **{f"daq_state_machine.{name}": 0.1 for name in (*short, "beam_not_ready_end_delay")},
        "daq_state_machine.physics_period_count": 1,
        "daq_state_machine.stf_interval": 1 / said.rate,
        "daq_state_machine.stf_generation_time": 0.0,
        "daq_state_machine.stf_count": round(seconds * said.rate),
        "simulation.scale": 0.001,
        "simulation.tf_per_stf": TF_PER_STF,
        "simulation.recycle_frames": 20,
        "fastmon.tf_files_per_stf": 1,
        # A frame is a slice: as many as are taken.
        "fastmon.selection_fraction": SLICES_PER_STF / TF_PER_STF,
        "fast_processing.slices_per_sample": FACTOR * SLICES_PER_STF,
        "fast_processing.payload": "wait",
        "fast_processing.slice_processing_time": said.service,
        "fast_processing.target_worker_count": needed(said.rate * SLICES_PER_STF, said.service),
        "fast_processing.worker_rampup_time": 1.0,
        "fast_processing.worker_rampdown_time": 10.0,
    }


def needed(slices_per_s: float, service_s: float) -> int:
    """Workers that a steady load keeps busy for 80 % of their time, as `pool.utilisation` is by default."""
    return math.ceil(slices_per_s * service_s / 0.8 - 1e-9)


class Look:
    """Looks each second; times are s since it began, which is when slices first came."""

    def __init__(self, monitor: MonitorClient, counts: BrokerCounts) -> None:
        self._monitor, self._counts = monitor, counts
        self._queue = destinations.slices(NAMESPACE)
        self.moments: list[Moment] = []
        self.began, self.began_at = time.monotonic(), now()

    @property
    def now_s(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def until(self, at: float) -> None:
        """Look on until then."""
        while self.now_s < at:
            self.once()
            time.sleep(max(0.0, 1.0 - (self.now_s % 1.0)))

    def once(self) -> None:
        """One moment."""
        said = (self._counts.ask() or {}).get("destinations", {}).get(self._queue)
        found = pools(self._monitor, NAMESPACE)
        if said is None or not found:
            return
        report = found[0].report
        heard = sum(count for state, count in report["broker_counts"].items() if state != "silent")
        active = report["engine_counts"].get("active", 0)
        workers = (report["desired"], active, heard)
        measured = (report["arrivals_per_s"], report["service_s"])
        self.moments.append(Moment(self.now_s, said["queued"], said["in_flight"], *workers, *measured))


def measure(stack: Stack, said: argparse.Namespace) -> tuple[Curve, dict[str, int]]:
    """Take the run; what was seen, and how many slices ended how."""
    with stack.bus() as bus, stack.monitor() as monitor:
        counts = BrokerCounts(bus, "step")
        execution_id, run = run_workflow(bus, NAMESPACE, WORKFLOW, realtime=True, params=parameters_of(said))
        _await_slices(monitor, run)
        look = Look(monitor, counts)
        look.until(said.before)
        begin = look.now_s
        monitor.change_sampling(run, {"selection_fraction": FACTOR * SLICES_PER_STF / TF_PER_STF})
        print(f"{begin:.0f} s: {FACTOR} times the slices", flush=True)
        look.until(said.before + said.step)
        end = look.now_s
        monitor.change_sampling(run, {"selection_fraction": SLICES_PER_STF / TF_PER_STF})
        print(f"{end:.0f} s: as before", flush=True)
        look.until(said.before + said.step + said.after - 2.0)
        pieces = _settled(monitor, execution_id, run)
        counts.close()
    service = median(one.service_s for one in look.moments if one.service_s)
    curve = Curve(begin, end, needed(said.rate * FACTOR * SLICES_PER_STF, service), said.target, look.moments)
    began = look.began_at.timestamp()
    curve.latencies = _latencies(pieces, began, look.now_s)
    ended: dict[str, int] = defaultdict(int)
    for piece in pieces:
        ended[piece.status.value] += 1
    print(f"a slice takes {service:.3f} s; {needed(said.rate * SLICES_PER_STF, service)} workers are needed "
          f"before and after, {curve.needed} in the step")  # fmt: skip
    return curve, dict(ended)


def _await_slices(monitor: MonitorClient, run: int) -> None:
    until = time.monotonic() + _SETTLED_S
    while not monitor.page(TfSlice, limit=1, run_number=run, status=SliceStatus.COMPLETED).total:
        if time.monotonic() > until:
            raise TimeoutError(f"run {run} has no slice that is done")
        time.sleep(0.2)


def _settled(monitor: MonitorClient, execution_id: str, run: int) -> list[TfSlice]:
    """The slices, once the run is over and none waits."""
    until = time.monotonic() + _SETTLED_S
    while time.monotonic() < until:
        over = monitor.get(WorkflowExecution, execution_id).status.terminal
        waits = sum(
            monitor.page(TfSlice, limit=1, run_number=run, status=one).total
            for one in (SliceStatus.QUEUED, SliceStatus.PROCESSING)
        )
        if over and not waits:
            break
        time.sleep(0.5)
    return list(monitor.list(TfSlice, run_number=run))


def _latencies(pieces: list[TfSlice], began: float, last: float) -> list[Latency]:
    bins: dict[int, list[float]] = defaultdict(list)
    for piece in pieces:
        if piece.created_at and piece.completed_at:
            place = (piece.created_at.timestamp() - began) // _BIN_S
            bins[int(place)].append((piece.completed_at - piece.created_at).total_seconds())
    return [
        Latency((place + 0.5) * _BIN_S, *(float(one) for one in np.percentile(seen, [50, 95])))
        for place, seen in sorted(bins.items())
        if 0 <= (place + 0.5) * _BIN_S <= last
    ]


def judge(curve: Curve, ended: dict[str, int], said: argparse.Namespace) -> bool:
    """Tell the figures."""
    most = max(max(one.wanted, one.engine) for one in curve.moments if one.at >= curve.begin)
    late = [one.at for one in curve.latencies if curve.begin <= one.at and one.p95 > curve.target_s]
    back_s = max(late, default=curve.begin) + _BIN_S / 2 - curve.begin
    small = OVERSHOOT * needed(said.rate * SLICES_PER_STF, said.service) + 1
    over = [one.at for one in curve.moments if one.at >= curve.end and max(one.wanted, one.engine) > small]
    released_s = max(over, default=curve.end) - curve.end
    lost = sum(count for state, count in ended.items() if state != SliceStatus.COMPLETED.value)
    worst = max((one.p95 for one in curve.latencies if one.at >= curve.begin), default=math.inf)
    return tell(
        Figure("workers in the step, at most", most, "workers", "needed", curve.needed, "lower", OVERSHOOT),
        Figure("latency back at its target after", back_s, "s", "the step", said.step, "lower", 1),
        Figure("surplus released after", released_s, "s", "limit", said.hold + RELEASE_S, "lower", 1),
        Figure("latency p95 at its worst", worst, "s", "latency target", curve.target_s),
        Figure("slices lost or failed", lost, "slices", "of", sum(ended.values()), "lower", 0),
    )


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--before", type=float, default=60, help="seconds before the step (%(default)s)")
    add("--step", type=float, default=120, help="seconds of four times the load (%(default)s)")
    add("--after", type=float, default=120, help="seconds after it (%(default)s)")
    add("--rate", type=float, default=2.0, help="STFs a second, of 4 slices and 16 in the step (%(default)s)")
    add("--service", type=float, default=0.2, help="seconds that a slice takes (%(default)s)")
    add("--target", type=float, default=2.0, help="pool.latency_target, s (%(default)s)")
    add("--hold", type=float, default=30.0, help="pool.hold, s (%(default)s)")
    add("--max-workers", type=int, default=30, help="so that the limit limits nothing (%(default)s)")
    add("--svg", type=Path, metavar="FILE", help="draw the curve here")
    add("--json", type=Path, metavar="FILE", help="write the curve here")
    add("--home", type=Path, metavar="FOLDER", help="where the testbed lives; kept afterwards")
    return parser.parse_args()


def main() -> int:
    """Measure, print, draw; 0 if all is as asked."""
    said = options()
    # The workers' payload stands beside this file.
    os.environ |= {"PYTHONPATH": str(Path(__file__).parent), waiting.VARIABLE: str(said.service)}
    with home_of(said.home) as home:
        stack = Stack(home, toml=configuration(said), proxied=False, workers=0)
        with running(stack):
            curve, ended = measure(stack, said)
    print(table(curve))
    if said.svg:
        said.svg.write_text(drawing(curve), "utf-8")
    if said.json:
        said.json.write_text(json.dumps(asdict(curve)), "utf-8")
    return 0 if judge(curve, ended, said) else 1


if __name__ == "__main__":
    sys.exit(main())
