"""From DAQ egress to the plot, stage by stage, at the rate of ePIC.

    python benchmarks/latency.py [--stfs 200] [--rate 1.5] [--scale 0.004] [--recycle 200]

A testbed of its own (embedded broker and database, in a temporary folder) takes a run in real time; how long
each slice took to reach each stage is then read from its rows. Printed are p50, p95 and p99 of the time from
egress to each stage, and of the steps between them. Frames are recycled, because making them anew is the work
of a detector, not of a testbed; `--recycle 0` makes them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from figures import Figure, tell

from swf_test_servers import own_home
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.services import start_services, stop_services
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import FastmonFile, StfFile, TfSlice

STAGES = ("registered", "sampled", "queued", "processed", "plotted")
LIMIT_S = 1.0
"""What is asked of 95 % of the plots."""

SETTLE_S = 0.2


def main() -> int:
    """Measure; 0 if 95 % of the plots came in time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stfs", type=int, default=200, help="STFs to take")
    parser.add_argument("--rate", type=float, default=1.5, help="STFs a second")
    parser.add_argument("--scale", type=float, default=0.004, help="size of frames; 0.004 is 10 MB an STF")
    parser.add_argument("--recycle", type=int, default=200, help="frames that are made, and then used again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        own = own_home(home)
        settings = load_settings(own)
        # Up before the run, so that nothing of their start is measured.
        start_services(settings, lambda text: print(text, file=sys.stderr))
        try:
            run_number = take_run({**os.environ, **own}, asked)
            moments = moments_of(settings, run_number)
        finally:
            stop_services(settings)
    return report(moments, asked.stfs)


def take_run(environment: dict[str, str], asked: argparse.Namespace) -> int:
    """Take the run; its number. Ends the program if it did not go well."""
    said = {
        "daq_state_machine.stf_interval": 1 / asked.rate,
        "daq_state_machine.physics_period_count": 1,
        "simulation.scale": asked.scale,
        "simulation.recycle_frames": asked.recycle,
        **{
            f"daq_state_machine.{name}": SETTLE_S
            for name in (
                "no_beam_not_ready_delay",
                "beam_not_ready_delay",
                "beam_ready_delay",
                "broadcast_delay",
            )
        },
    }
    words = [word for name, value in said.items() for word in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "swf_testbed.cli.main", "run", "fast_processing", "--realtime"]
    done = subprocess.run(
        [*command, "--stf-count", str(asked.stfs), "--wait", "--json", *words],
        check=False,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        sys.exit(f"the run did not go well: {done.stdout}")
    return int(json.loads(done.stdout)["run_id"])


def moments_of(settings: Settings, run_number: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Seconds from egress to each stage, one row a slice that is in the plots."""
    with MonitorClient(settings.swf_monitor_http_url, settings.api_token()) as monitor:
        stfs = {row.stf_filename: row for row in monitor.list(StfFile, run=run_number)}
        samples = {row.tf_filename: row for row in monitor.list(FastmonFile, run_number=run_number)}
        rows = []
        for piece in monitor.list(TfSlice, run_number=run_number):
            sample = samples[piece.fastmon_file]
            stf = stfs[str(sample.stf_file)]
            reached = (
                stf.created_at,
                sample.created_at,
                piece.created_at,
                piece.completed_at,
                piece.plotted_at,
            )
            rows.append([(one - stf.egress_at).total_seconds() for one in reached if one and stf.egress_at])
    return np.array([row for row in rows if len(row) == len(STAGES)])


def report(moments: np.ndarray[tuple[int, int], np.dtype[np.float64]], stfs: int) -> int:
    """Print the table and the figures."""
    print(f"{len(moments)} slices of {stfs} STFs; s from egress, and s of the step alone")
    print(f"{'stage':<12}{'p50':>8}{'p95':>8}{'p99':>8}   {'p50':>8}{'p95':>8}{'p99':>8}")
    steps = np.diff(moments, axis=1, prepend=0.0)
    for stage, reached, step in zip(STAGES, moments.T, steps.T, strict=True):
        whole, alone = (np.percentile(one, [50, 95, 99]) for one in (reached, step))
        print(
            f"{stage:<12}"
            + "".join(f"{one:8.3f}" for one in whole)
            + "   "
            + "".join(f"{one:8.3f}" for one in alone)
        )
    p50, p95, p99 = np.percentile(moments[:, -1], [50, 95, 99])
    good = tell(
        Figure("egress to plot, p50", p50, "s", "limit", LIMIT_S),
        Figure("egress to plot, p95", p95, "s", "limit", LIMIT_S, bound=1.0),
        Figure("egress to plot, p99", p99, "s", "limit", LIMIT_S),
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
