"""A run whose slices workers of the pool take, with a payload of one's own: the steps of two guides."""

import json

import pytest
from chain_testbed import Testbed

from documented import Guide
from swf_testbed.records import TfSlice

pytestmark = [pytest.mark.chain, pytest.mark.timeout(400)]

POOL, PAYLOADS = Guide("how-to/pool.md"), Guide("how-to/payloads.md")
STFS = 2


def test_the_pool_takes_a_run_with_a_function_of_the_readers(testbed: Testbed) -> None:
    home = testbed.settings.swf_home
    (home / "my_analysis.py").write_text(PAYLOADS.block("from swf_testbed.stf.reader"))
    testbed.environment["PYTHONPATH"] = str(home)
    ((_testbed, *watched), (_same, *status)) = POOL.words("testbed run")
    ((_testbed, *counting),) = PAYLOADS.words("testbed run")
    assert watched[:2] == counting[:2]
    few = POOL.block("[agents.pool]", {"max_workers = 8": "max_workers = 2"})
    # Nobody else has workers, so that the run waits for those of the pool.
    without = ("agents.pool", "agents.worker")
    with testbed.configured(few, PAYLOADS.block("[payloads.counting]"), without=without):
        run = testbed.finish(testbed.quick([*watched, *counting[2:], "--json"], STFS))
        assert run.code == 0, run.said
        assert run.summary["slices"]["completed"] == run.summary["slices"]["created"] > 0
        (pool,) = json.loads(testbed.do(*status, "--json").stdout)
        assert pool["report"]["engine"] == "local"
        assert pool["report"]["launched"] > 0
        assert testbed.do("stop-agents").returncode == 0
    with testbed.monitor() as monitor:
        slices = list(monitor.list(TfSlice, run_number=run.summary["run_id"]))
    assert len(slices) == run.summary["slices"]["created"]
