"""The whole chain: one command, true numbers, whatever is killed on the way."""

import json
import os
import random
import signal
from datetime import UTC, datetime

import pytest
from chain_faults import assert_nothing_lost_nothing_twice, kill
from chain_hostile import hostile_bodies
from chain_testbed import Testbed

from swf_testbed.model import destinations
from swf_testbed.records import Alarm, StfFigures

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

STFS = 5
BEGIN = datetime.min.replace(tzinfo=UTC)


def test_one_command_takes_a_run_from_detector_to_plot(testbed: Testbed) -> None:
    run = testbed.finish(testbed.start_run(STFS))
    assert run.code == 0, run.said
    assert run.summary["status"] == "completed"
    assert_nothing_lost_nothing_twice(run, STFS)
    # In so short a run much of it is said once: the dataset, both sites' copies, the judgement.
    assert run.summary["http_calls_per_stf"] <= 16
    assert run.summary["latency_s"]["egress_to_plot"]["p95"] is not None


@pytest.mark.parametrize("victim", ["data", "fast_processing", "merger", "worker"])
def test_an_agent_killed_at_a_random_moment_loses_nothing(testbed: Testbed, victim: str) -> None:
    moment = random.Random(victim)  # a moment, not a secret
    running = testbed.start_run(STFS)
    after, skip = moment.choice([("stf_gen", 4), ("stf_ready", 4), ("tf_file_registered", 30)])
    kill(testbed, victim, after=after, skip=moment.randint(1, skip))
    run = testbed.finish(running)
    assert run.code == 0, run.said
    assert_nothing_lost_nothing_twice(run, STFS)


def test_a_change_of_the_sampling_stands_though_its_agent_is_killed_and_late_plots_are_told(
    testbed: Testbed,
) -> None:
    stfs, later = 2 * STFS, {"selection_fraction": 0.1}
    running = testbed.start_run(stfs, **{"alarms.latency_raise": 0.001, "alarms.latency_clear": 0.0005})
    with testbed.monitor() as monitor, monitor.events(msg_types=["stf_ready"], namespace="local") as events:
        number = next(iter(events)).data["run_id"]
        monitor.change_sampling(number, later)
        os.kill(testbed.pid("fastmon"), signal.SIGKILL)
    run = testbed.finish(running)
    assert run.code == 0, run.said
    assert_nothing_lost_nothing_twice(run, stfs)
    with testbed.monitor() as monitor:
        figures = sorted(monitor.list(StfFigures, run_number=number), key=lambda one: one.since or BEGIN)
        (alarm,) = monitor.list(Alarm, run_number=number, subject=f"latency:{number}")
    shares = [one.sampled / one.evaluated for one in figures]
    assert (shares[0], shares[-1]) == (0.05, 0.1)
    assert shares == sorted(shares)
    assert set(shares) == {0.05, 0.1}
    assert alarm.history[0].action == "raised"
    shown = json.loads(testbed.do("sampling", "show", str(number), "--json").stdout)
    assert [one["change"] for one in shown["changes"]] == [later]
    assert (shown["evaluated"], shown["sampled"]) == (1000 * stfs, sum(one.sampled for one in figures))
    (source,) = shown["sources"]
    assert (source["stfs"], source["bytes_read"]) == (stfs, shown["bytes_read"])


def test_a_runner_that_is_killed_ends_its_run_in_truth(testbed: Testbed) -> None:
    running = testbed.start_run(STFS)
    kill(testbed, "workflow_runner", after="stf_gen", skip=2)
    run = testbed.finish(running)
    assert run.code != 0
    assert run.summary["status"] == "failed"
    with testbed.monitor() as monitor:
        summary = monitor.summary(run.summary["run_id"])
    on_disk = len(list((testbed.settings.state_dir / "exit-buffer" / str(summary.run_number)).glob("*.stf")))
    assert summary.phase == "aborted"
    assert summary.total_stf_files == on_disk
    assert_nothing_lost_nothing_twice(run, on_disk)


def test_stfs_that_never_came_are_named_to_whoever_looks(testbed: Testbed) -> None:
    lost = '[{kind="missing_stf", sequences=[2, 3]}]'
    run = testbed.finish(testbed.start_run(STFS, **{"simulation.anomalies": lost}))
    assert_nothing_lost_nothing_twice(run, STFS - 2)
    stream = f"{run.summary['run_id']}.main"
    assert run.summary["sequence_gaps"] == {stream: [2, 3]}
    with testbed.monitor() as monitor:
        [alarm] = [one for one in monitor.list(Alarm) if one.subject == f"sequence_gap:{stream}"]
    assert "no STF with number 2, 3" in alarm.text
    assert alarm.cleared_at is None


def test_ten_thousand_hostile_messages_change_nothing(testbed: Testbed) -> None:
    """On the topic and on the work queues, with headers that pass every selector."""
    running = testbed.start_run(STFS)
    with testbed.bus() as bus:
        places = (destinations.EVENTS, destinations.slices("local"), destinations.results("local"))
        types = ("stf_gen", "stf_ready", "tf_file_registered", "start_run", "slice")
        for number, body in enumerate(hostile_bodies(10_000, "local")):
            said = {"namespace": "local", "msg_type": types[number % len(types)], "persistent": "true"}
            bus.publish_body(places[number % len(places)], body, said, wait=number % 100 == 0)
    run = testbed.finish(running)
    assert run.code == 0, run.said
    assert_nothing_lost_nothing_twice(run, STFS)
    listed = testbed.do("dead-letters", "list")
    assert listed.returncode == 0, listed.stderr
    assert "NotAMessage" in listed.stdout
