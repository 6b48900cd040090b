"""Slices whose payload fails, on real workers: tried by different ones, failed with the reason."""

from pathlib import Path

import pytest
from pool_rigs import LocalRig
from pool_stage import Fixed, Stage, there, wait_for

from swf_testbed.config.pool import Pool
from swf_testbed.model.status import SliceOutcome

CONFIGURATION = """
[pool]
interval = 0.2
start_timeout = 100.0
heartbeat_timeout = 60.0
max_workers = 2
[payloads.poison]
kind = "command"
argv = ["/bin/sh", "-c", "kill -9 $$"]
[payloads.damaged]
kind = "command"
argv = ["/bin/sh", "-c", "echo no frame in it; exit 65"]
"""


@pytest.mark.timeout(300)
def test_a_slice_that_kills_its_payload_is_tried_three_times_and_takes_no_worker_down(tmp_path: Path) -> None:
    with Stage(LocalRig(tmp_path), CONFIGURATION) as stage:
        law = Fixed(Pool())
        law.number = 2
        agent = stage.controller(law)
        wait_for(lambda: len(there(agent)) == 2, lambda: agent.controller.report)
        before = there(agent)

        stage.put(1, "poison")
        (poisoned,) = stage.answers(1)
        assert poisoned.content.state is SliceOutcome.FAILED
        assert poisoned.content.attempt == 3
        assert poisoned.content.result.error == "ended by SIGKILL; it said nothing (attempt 3)"

        stage.put(1, "damaged", first=1)
        (damaged,) = stage.answers(1)
        assert damaged.content.attempt == 1
        assert "bad data" in str(damaged.content.result.error)
        assert "no frame in it" in str(damaged.content.result.error)

        stage.put(1, "nowhere", first=2)
        (unknown,) = stage.answers(1)
        assert unknown.content.attempt == 3
        assert "must be one of" in str(unknown.content.result.error)
        assert there(agent) == before
        assert agent.controller.report.died == 0
