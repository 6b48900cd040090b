"""Killing parts of a testbed while it takes a run, and what must be true afterwards."""

import os
import signal

from chain_testbed import Run, Testbed


def assert_nothing_lost_nothing_twice(run: Run, stfs: int) -> None:
    said = run.summary
    assert said["stf_count"] == said["stf_registered"] == stfs
    assert said["tf_files"] == 7 * stfs
    assert said["slices"] == {"created": 15 * stfs, "completed": 15 * stfs, "failed": 0, "lost": 0}
    assert said["results"] == 15 * stfs
    assert said["duplicates"] == 0
    assert said["histograms"]["equal"]
    assert said["histograms"]["hits"] == said["histograms"]["hits_in_files"] > 0


def kill(testbed: Testbed, victim: str, *, after: str, skip: int) -> None:
    """kill -9 one process of an agent at the `skip`-th message of a type; wait for its successor."""
    with testbed.monitor() as monitor, monitor.events(msg_types=[after], namespace="local") as events:
        for number, _ in enumerate(events, 1):
            if number >= skip:
                break
    pid = testbed.pid(victim)
    os.kill(pid, signal.SIGKILL)
    testbed.await_successor(victim, pid, processes=2 if victim == "worker" else 1)
