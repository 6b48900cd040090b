"""The engine `panda` on a live server, for who has one: an address, a token, and a transformation.

    SWF_PANDA_LIVE_URL=https://HOST:PORT PANDA_AUTH_ID_TOKEN=... SWF_PANDA_LIVE_TRANSFORMATION=https://... \
        pytest tests/pool/test_panda_live.py

Two jobs that do nothing are submitted, found again by name, and killed. Keys of `[panda]` that differ from
the defaults are said as JSON in SWF_PANDA_LIVE_RULES.
"""

import json
import os
import time
from pathlib import Path

import pytest

from swf_testbed.adapters.panda import PandaServer
from swf_testbed.adapters.pool import JobState, WorkerSpec
from swf_testbed.adapters.pool.panda import PandaEngine
from swf_testbed.config.panda import Panda

URL = os.environ.get("SWF_PANDA_LIVE_URL", "")
PATIENCE_S = 900.0


@pytest.mark.skipif(not URL, reason="SWF_PANDA_LIVE_URL, the address of a live PanDA server, is not set")
@pytest.mark.timeout(2 * PATIENCE_S)
def test_a_live_server_takes_workers_and_ends_them(tmp_path: Path) -> None:
    said = json.loads(os.environ.get("SWF_PANDA_LIVE_RULES", "{}"))
    transformation = os.environ["SWF_PANDA_LIVE_TRANSFORMATION"]
    rules = Panda(url=URL, pool_transformation=transformation, **said)

    def engine(folder: Path = tmp_path) -> PandaEngine:
        return PandaEngine(
            PandaServer(URL, rules.role, os.environ["PANDA_AUTH_ID_TOKEN"]), rules, folder, "live"
        )

    pool = engine()
    assert URL in pool.probe()
    handles = pool.launch("live", [1, 2], WorkerSpec(("/bin/sleep", "600"), {}, tmp_path, walltime_s=900))
    assert engine().launch("live", [1, 2], WorkerSpec(("/bin/true",), {}, tmp_path)) == handles
    assert engine().adopt("live") == handles
    pool.stop(handles, grace_s=PATIENCE_S / 2)
    until = time.monotonic() + PATIENCE_S
    found = pool.status(handles)
    while not all(one.state.over for one in found):
        assert time.monotonic() < until, found
        time.sleep(rules.poll_interval)
        found = pool.status(handles)
    assert {one.state for one in found} <= {JobState.CANCELLED, JobState.FAILED}
