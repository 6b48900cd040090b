"""Data with a fault, from the simulated detector to the alarm: a good run, its reference, a bad run."""

import itertools
import os
import signal

import pytest
from chain_testbed import Testbed

from swf_testbed.model.status import Quality
from swf_testbed.records import Alarm, QualityFlag, Run

pytestmark = [pytest.mark.chain, pytest.mark.timeout(400)]

SHORT = {"daq_state_machine.stf_interval": 0.7}
DEAD = '[{kind="dead_units", detector="femc", units=[3, 4], start_s=3.0, end_s=6.0}]'
"""Two readout units of 17 344 channels; in the middle of the run."""


def test_a_fault_is_flagged_streamed_and_raises_an_alarm_though_the_merger_dies(
    testbed: Testbed,
) -> None:
    good = testbed.finish(testbed.start_run(14, **SHORT))
    assert good.code == 0, good.said
    number = str(good.summary["run_id"])
    assert set(good.summary["quality"].values()) <= {"good", "null"}
    for words in (("reference", "mark", number, "good"), ("reference", "make", number)):
        done = testbed.do(*words)
        assert done.returncode == 0, done.stderr
    reference = done.stdout.strip()

    running = testbed.start_run(16, **SHORT, **{"simulation.anomalies": DEAD})
    with testbed.monitor() as monitor:
        begin = monitor.newest_event_id()
        with monitor.events(begin, msg_types=["quality_flag"]) as events:
            # While the fault is in few frames its units may be told as too low before they are told as dead.
            said = (event for event in events if event.data["quality"] == "bad")
            bad = next(event for event in said if event.data["check"] == "dead")
        # Said before the kill, so neither lost nor doubled after it.
        os.kill(testbed.pid("merger"), signal.SIGKILL)
    run = testbed.finish(running)
    assert run.code == 0, run.said
    assert (bad.data["subsystem"], bad.data["check"], bad.data["part"]) == ("femc", "dead", "units 3-4")
    assert run.summary["quality"]["femc"] == "bad"
    assert {name for name, quality in run.summary["quality"].items() if quality == "bad"} == {"femc"}

    with testbed.monitor() as monitor:
        flags = list(
            monitor.list(QualityFlag, run_number=run.summary["run_id"], subsystem="femc", check="dead")
        )
        (alarm,) = monitor.list(Alarm, run_number=run.summary["run_id"], subject="quality:femc")
        assert monitor.get(Run, run.summary["run_id"]).reference == reference
    assert [one.quality for one in flags].count(Quality.BAD) == 1
    ordered = sorted(flags, key=lambda one: one.since)
    assert all(one.until == other.since for one, other in itertools.pairwise(ordered))
    assert ordered[-1].until is not None
    assert alarm.cleared_at is not None
    assert alarm.state == "returned"
