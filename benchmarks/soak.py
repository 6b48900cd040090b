"""A soak: half an hour at ten times ePIC's rate of STFs: `python benchmarks/soak.py --minutes 30`.

Runs of two minutes, of small files, follow one another at 15 STF/s. Meanwhile the memory of every program and
what waits in the broker are taken down every 5 s; each run tells its latency from the DAQ to a plot. After a
warm-up, in which every cache of a bounded size and the exit buffer have filled, so that as many files are
deleted as come, memory must be flat: the slope of its means over each run, with its standard error, must not
be a growth of more than 5 % in an hour that is certain (two standard errors). At the end the queues must be
empty, and every run whole: nothing lost, nothing twice.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.counting import await_whole, count_run
from bench.homes import home_of
from bench.stack import NAMESPACE, WORKFLOW, Stack, running
from bench.stacks import STACKS
from bench.watching import Slope, Watch
from figures import Figure, tell

from swf_testbed.control.commands import run_workflow
from swf_testbed.daq.buffer_room import BufferRoom
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowExecution

EPIC_HZ = 1.5
WARM_UP_MINUTES = 15.0
"""At 15 STF/s some 13 500 STFs: pydantic alone remembers 16 384 strings, and the merger keeps two runs."""

BUFFER_GB = 0.5
"""Full after half of the warm-up: small files of 15 STF/s are some 60 MB a minute."""

GROWTH_AN_HOUR = 0.05
DRAINED_S = 300.0


@dataclass(frozen=True)
class RunTaken:
    """One run: its latencies, s, how far the DAQ fell behind the clock, s, and the load of the machine."""

    execution_id: str
    run: int
    began_s: float
    drift_s: float
    load: float


def parameters_of(said: argparse.Namespace) -> dict[str, Any]:
    """Of each run."""
    short = {
        f"daq_state_machine.{name}": 0.1
        for name in (
            "no_beam_not_ready_delay",
            "beam_not_ready_delay",
            "broadcast_delay",
            "beam_ready_delay",
            "beam_not_ready_end_delay",
        )
    }
    interval = 1 / said.rate
    return {
        **short,
        "daq_state_machine.physics_period_count": 1,
        "daq_state_machine.stf_interval": interval,
        "daq_state_machine.stf_generation_time": 0.0,
        "daq_state_machine.stf_count": round(said.run_minutes * 60 * said.rate),
        "simulation.scale": 0.001,
        "simulation.tf_per_stf": 20,
        "simulation.recycle_frames": 20,
        "fastmon.tf_files_per_stf": said.samples,
        "fastmon.selection_fraction": 0.2,
        "fast_processing.slices_per_sample": said.slices,
    }


def take_run(stack: Stack, watch: Watch, parameters: dict[str, Any]) -> RunTaken:
    """One run, to the end of its execution; results may still be on their way."""
    began = watch.now_s
    with stack.bus() as bus, stack.monitor() as monitor:
        execution_id, run = run_workflow(bus, NAMESPACE, WORKFLOW, realtime=True, params=parameters)
        while not (record := monitor.get(WorkflowExecution, execution_id)).status.terminal:
            time.sleep(1)
    drift = float((record.performance_metrics or {}).get("drift_s", 0.0))
    return RunTaken(execution_id, run, began, drift, os.getloadavg()[0])


def latency_of(monitor: MonitorClient, run: int) -> dict[str, float]:
    """From the DAQ to a plot, s."""
    found = monitor.summary(run).latency_s.egress_to_plot
    return {"p50": found.p50 or 0.0, "p95": found.p95 or 0.0, "max": found.max or 0.0}


def soak(stack: Stack, said: argparse.Namespace) -> dict[str, Any]:
    """Take runs until the time is over; everything that was seen."""
    watch = Watch(stack)
    parameters, taken = parameters_of(said), list[RunTaken]()
    while watch.now_s < (said.warm_up_minutes + said.minutes) * 60:
        taken.append(take_run(stack, watch, parameters))
        last = taken[-1]
        print(f"run {last.run}: {last.drift_s:.1f} s behind the clock, load {last.load:.1f}", flush=True)
    over_s = watch.now_s
    with stack.monitor() as monitor:
        late = [problem for one in taken if (problem := _wait_for(monitor, one))]
        drained_s = watch.now_s - over_s
        watch.close()
        runs = [{**asdict(one), **latency_of(monitor, one.run)} for one in taken]
        counts = [
            # The hits of one run are counted again in its files; of all it would take as long as the soak.
            count_run(
                monitor,
                one.execution_id,
                one.run,
                samples=said.samples,
                slices=said.slices,
                read=one is taken[-1],
            )
            for one in taken
        ]
    warm_s = said.warm_up_minutes * 60
    steady = [one for one in runs if one["began_s"] >= warm_s]
    return {
        "stack": said.stack,
        "minutes": round(over_s / 60, 1),
        "rate_asked_hz": said.rate,
        "rate_hz": round(sum(one.document["stf_count"] for one in counts) / over_s, 2),
        "stfs": sum(one.document["stf_count"] for one in counts),
        "slices": sum(one.document["results"] for one in counts),
        "lost": sum(one.lost for one in counts),
        "twice": sum(one.twice for one in counts),
        "problems": [*late, *(problem for one in counts for problem in one.problems)],
        "load": [one.load for one in taken],
        "drift_s": max(one.drift_s for one in taken),
        "drained_s": round(drained_s, 1),
        "kept": BufferRoom(stack.direct.state_dir / "exit-buffer", None).usage().files,
        "queued": {"most": max(v for _, v in watch.queued), "last": watch.queued[-1][1]},
        "runs": runs,
        "latency_p50": _slope(steady, "p50"),
        "latency_p95": _slope(steady, "p95"),
        "memory_seen_mb": watch.memory_mb,
        "memory_mb": {
            name: asdict(slope) for name, slope in watch.slopes(warm_s, said.run_minutes * 60).items()
        },
    }


def _wait_for(monitor: MonitorClient, one: RunTaken) -> str:
    """Wait until a run is whole; what is wrong if it is not in time."""
    try:
        await_whole(monitor, one.execution_id, one.run, DRAINED_S)
    except TimeoutError as error:
        return str(error)
    return ""


def _slope(runs: Sequence[dict[str, Any]], which: str) -> dict[str, float]:
    return asdict(Slope.of([one["began_s"] / 3600 for one in runs], [one[which] for one in runs]))


def growth(memory: dict[str, float]) -> float:
    """How much a program grows in an hour for certain, as a part of what it has; 0 if it does not."""
    return max(0.0, memory["value"] - 2 * memory["error"]) / max(1.0, memory["mean"])


def conclude(found: dict[str, Any]) -> bool:
    """Print what was found; whether it is as it should be."""
    loads = found["load"]
    print(
        f"{found['stack']}: {found['stfs']} STFs in {found['minutes']} min at {found['rate_hz']} STF/s "
        f"({found['rate_asked_hz']} asked), "
        f"{found['slices']} slices; load of the machine {min(loads):.1f} to {max(loads):.1f} on "
        f"{os.cpu_count()} cores; up to {found['drift_s']:.1f} s behind the clock"
    )
    print(f"{'memory after warm-up':24}{'mean':>10}{'slope':>24}")
    for name, one in found["memory_mb"].items():
        print(f"{name:24}{one['mean']:>7.1f} MB{one['value']:>+10.2f} ± {one['error']:.2f} MB/h")
    for which in ("p50", "p95"):
        one = found[f"latency_{which}"]
        print(
            f"latency to a plot, {which}: {one['mean']:.2f} s, {one['value']:+.2f} ± {one['error']:.2f} s/h"
        )
    print(f"waiting in the broker: {found['queued']['most']:.0f} at most, whole {found['drained_s']} s after")
    print(f"in the exit buffer at the end: {found['kept']} files, the others were deleted when archived")
    for problem in found["problems"]:
        print(f"NOT GOOD: {problem}")
    most = max(map(growth, found["memory_mb"].values()), default=0.0)
    stfs, p95_s = max(1, found["stfs"]), found["latency_p95"]["mean"]
    kept = tell(
        Figure("STFs a second", found["rate_hz"], "STF/s", "ePIC's", EPIC_HZ, "higher", 9),
        Figure("certain growth of memory", most, "of it an hour", "limit", GROWTH_AN_HOUR, "lower", 1),
        Figure("lost in the soak", found["lost"], "things", "of STFs", stfs, "lower", 0),
        Figure("twice in the soak", found["twice"], "things", "of STFs", stfs, "lower", 0),
        Figure("latency p95 to a plot", p95_s, "s", "the field's target", 10, "lower", 1),
    )
    return kept and not found["problems"]


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--minutes", type=float, default=30, help="of data taking after the warm-up (%(default)s)")
    add("--warm-up-minutes", type=float, default=WARM_UP_MINUTES, help="before memory counts (%(default)s)")
    add("--rate", type=float, default=10 * EPIC_HZ, help="STFs a second (%(default)s)")
    add("--run-minutes", type=float, default=2.0, help="of one run (%(default)s)")
    add("--samples", type=int, default=1, help="of an STF (%(default)s)")
    add("--slices", type=int, default=2, help="of an STF (%(default)s)")
    add("--buffer-gb", type=float, default=BUFFER_GB, help="what the exit buffer may hold (%(default)s)")
    add("--stack", choices=sorted(STACKS), default="embedded", help="what runs (%(default)s)")
    add("--out", type=Path, metavar="FILE", help="write everything that was seen here, as JSON")
    add("--home", type=Path, metavar="FOLDER", help="where the testbed lives, with its logs; kept afterwards")
    return parser.parse_args()


def main() -> int:
    """Soak, and print; the exit code is 0 if all was good."""
    said = options()
    logging.basicConfig(level=logging.ERROR)
    toml = f"[data]\nbuffer_capacity = {said.buffer_gb}\n"
    with home_of(said.home) as home, STACKS[said.stack](home, toml) as stack, running(stack):
        found = soak(stack, said)
    if said.out:
        said.out.write_text(json.dumps(found, indent=1), "utf-8")
    return 0 if conclude(found) else 1


if __name__ == "__main__":
    sys.exit(main())
