"""Whole STFs on this machine: real results of every frame, whatever is killed."""

import os
import signal

import pytest
from chain_testbed import Run, Testbed

from documented import Guide
from swf_testbed.fastmon.codec import decode
from swf_testbed.fastmon.products import BankStatus
from swf_testbed.records import StfFile, Window, Workflow, WorkflowStage

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

GUIDE = Guide("how-to/process-whole-stfs.md")
STFS, FRAMES = 3, 200


@pytest.fixture(scope="module")
def run(testbed: Testbed) -> Run:
    """A run as the guide has it, of which the processing agent was killed when it had begun."""
    ((_testbed, *words),) = GUIDE.words("testbed run")
    with testbed.configured(GUIDE.block("[stf_processing]")):
        running = testbed.quick(words, STFS, **{"simulation.tf_per_stf": FRAMES})
        with testbed.monitor() as monitor:
            with monitor.events(msg_types=["stf_ready"], namespace="local") as events:
                next(iter(events))
            os.kill(testbed.pid("processing"), signal.SIGKILL)
        return testbed.finish(running)


def test_a_run_waits_for_its_whole_stfs_and_counts_them(run: Run) -> None:
    assert run.code == 0, run.said
    assert run.summary["processing"] == {"finished": STFS, "failed": 0}
    assert run.summary["slices"]["lost"] == 0


def test_each_stf_has_a_record_a_stage_and_a_result(run: Run, testbed: Testbed) -> None:
    number = run.summary["run_id"]
    with testbed.monitor() as monitor:
        workflows = list(monitor.list(Workflow, run_number=number))
        stages = list(monitor.list(WorkflowStage, run_number=number, agent_type="processing"))
        files = list(monitor.list(StfFile, run=number))
    assert [row.status.value for row in workflows] == ["finished"] * STFS
    assert {stage.workflow for stage in stages} == {row.workflow_id for row in workflows}
    assert {file.status.value for file in files} == {"processed"}
    assert all(row.started_at and row.finished_at and row.metadata["outputs"] for row in workflows)


def test_the_histograms_are_of_all_frames_each_counted_once(run: Run, testbed: Testbed) -> None:
    number = run.summary["run_id"]
    with testbed.monitor() as monitor:
        window = monitor.get(Window, number, "prompt")
    products = decode(window.content)
    assert (window.stfs, window.frames) == (STFS, STFS * FRAMES)
    states = [counts for key, counts in products.counts.items() if key.product == BankStatus.name]
    assert states
    assert all(int(counts.values.sum()) == STFS * FRAMES for counts in states)
