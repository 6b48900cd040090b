"""A storm of messages, of all types and none: rows, counters and histograms come out true.

`SWF_STORM_EXAMPLES=50 SWF_STORM_STEPS=60 pytest tests/chain/test_message_storms.py` is a long one, and
another one each time.
"""

import os
from pathlib import Path

import pytest
from chain_testbed import Testbed
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from message_storm import Storm

EXAMPLES = int(os.environ.get("SWF_STORM_EXAMPLES", "2"))
STEPS = int(os.environ.get("SWF_STORM_STEPS", "8"))

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300 + 600 * EXAMPLES)]


def test_whatever_is_said_what_is_known_is_true(testbed: Testbed, tmp_path: Path) -> None:
    testbed.do("stop-agents")
    started = testbed.do("start", "--agents")
    assert started.returncode == 0, started.stderr
    storm = type("StormHere", (Storm,), {"testbed": testbed, "folder": tmp_path})
    try:
        run_state_machine_as_test(
            storm,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize="SWF_STORM_EXAMPLES" not in os.environ,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        testbed.do("stop-agents")
