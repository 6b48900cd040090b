"""Workers that the pool controller starts do a run's slices, though it is killed in the middle."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from chain_testbed import Testbed

from swf_testbed.control.pool_status import pools
from swf_testbed.control.supervision import wait_until
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import TfSlice, Worker

pytestmark = [pytest.mark.chain, pytest.mark.timeout(400)]

NAMESPACE, STFS, WORKERS, PATIENCE_S = "pooled", 2, 2, 90
TESTBED = """
[testbed]
namespace = "{namespace}"
[agents.data]
[agents.fastmon]
[agents.fast_processing]
[agents.merger]
[agents.pool]
[pool]
interval = 0.3
hold = 600
max_workers = {workers}
[payloads.held]
kind = "command"
argv = ["/bin/sh", "-c", "while ! test -e {gate}; do sleep 0.1; done; echo '{{}}' > result.json"]
"""
"""No slice is done before there is the file `gate`."""
WANTED = {
    "simulation.tf_per_stf": 60,
    "fast_processing.payload": "held",
    "fast_processing.target_worker_count": WORKERS,
    "fast_processing.worker_rampup_time": 0.1,
}


@pytest.fixture(scope="module")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    home = tmp_path_factory.mktemp("pooled") / "home"
    made = Testbed(home)
    text = TESTBED.format(namespace=NAMESPACE, workers=WORKERS, gate=home / "gate")
    (home / "testbed.toml").write_text(text, "utf-8")
    started = made.do("start")
    assert started.returncode == 0, started.stderr
    yield made
    made.do("stop")


def heard(monitor: MonitorClient) -> bool:
    """Whether a living controller tells that it hears all workers."""
    reports = [one.report for one in pools(monitor, NAMESPACE)]
    return any(sum(report["broker_counts"].values()) == WORKERS for report in reports)


def test_workers_outlive_their_controller_with_slices_in_hand(pooled: Testbed) -> None:
    running = pooled.start_run(STFS, **WANTED)
    with pooled.monitor() as monitor:
        assert wait_until(lambda: heard(monitor), PATIENCE_S)
        victim = pooled.pid("pool")
        os.kill(victim, signal.SIGKILL)
        pooled.await_successor("pool", victim, 1)
        assert wait_until(lambda: heard(monitor), PATIENCE_S)
    [said] = json.loads(pooled.do("pool", "status", "--json").stdout)
    (pooled.settings.swf_home / "gate").touch()
    run = pooled.finish(running)

    report, slices = said["report"], run.summary["slices"]
    assert (report["engine"], report["desired"], report["engine_counts"]) == ("local", 2, {"active": 2})
    assert (report["launched"], report["died"], report["lost"]) == (0, 0, 0)
    assert slices["created"] == slices["completed"] == run.summary["results"] > 0, run.said
    assert (slices["failed"], slices["lost"], run.summary["duplicates"]) == (0, 0, 0)
    with pooled.monitor() as monitor:
        workers = {one.worker_id for one in monitor.list(Worker, namespace=NAMESPACE)}
        assigned = {one.assigned_worker for one in monitor.list(TfSlice, run_number=run.summary["run_id"])}
    assert assigned == workers
    assert len(workers) == WORKERS
    # A run ends the agents that it has started, and the pool its workers.
    pids = [int(one.split("-")[-2]) for one in workers]
    assert wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), PATIENCE_S)
