"""Whatever is killed: `status` tells the truth soon, and the next run works.

`SWF_CHAOS_KILLS=30 SWF_CHAOS_SEED=1 pytest -rP tests/chain/test_chaos.py` kills that often, and shows how
long it took each time.
"""

import logging
import os
import random

import pytest
from chain_testbed import Testbed
from chaos import await_truth, kill_during_run, victims

KILLS = int(os.environ.get("SWF_CHAOS_KILLS", "4"))
SEED = int(os.environ.get("SWF_CHAOS_SEED", "7"))

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240 + 240 * KILLS)]

_log = logging.getLogger(__name__)


def test_status_tells_the_truth_and_the_next_run_works(testbed: Testbed) -> None:
    chance = random.Random(SEED)  # a moment, not a secret
    try:
        for number, kind in enumerate(victims(SEED, KILLS), 1):
            killed = kill_during_run(testbed, kind, chance)
            took_s = await_truth(testbed.settings, killed)
            _log.warning("%d: %s was killed; status told the truth after %.1f s", number, kind, took_s)
        testbed.do("stop-agents")
        run = testbed.finish(testbed.start_run(1))
        assert run.code == 0, run.said
    finally:
        testbed.do("agent-manager", "--stop")
        testbed.do("start")  # for the tests that follow
