"""The pool on every engine that can be had for real: workers come, go, die and outlive their controller.

`SWF_POOL_OUTAGE_S` lengthens the outage of the engine (default 3 s). `SWF_LONG_TESTS=1` tries the stand-in of
HTCondor too. What was real stands at the end of what pytest prints.
"""

import os
import time
from collections.abc import Callable

import pytest
from pool_rigs import Rig
from pool_stage import Fixed, SeenPool, Stage, counted, pid_of, standing, there, wait_for

from swf_testbed.adapters.pool import JobState
from swf_testbed.agents.pool.census import Standing
from swf_testbed.config.pool import Pool
from swf_testbed.model.status import SliceOutcome

OUTAGE_S = float(os.environ.get("SWF_POOL_OUTAGE_S", "3"))

CONFIGURATION = """
[pool]
interval = 0.2
hold = 0.5
start_timeout = 100.0
heartbeat_timeout = 60.0
max_workers = 10
[payloads.nothing]
kind = "python"
function = "swf_testbed.payloads.function:nothing"
"""

engines = pytest.mark.parametrize(
    "rig",
    [
        pytest.param("local", id="local-real"),
        pytest.param("slurm", id="slurm-real"),
        pytest.param("panda", id="panda-recorded"),
        pytest.param(
            "htcondor",
            id="htcondor-stand-in",
            marks=pytest.mark.skipif(
                not os.environ.get("SWF_LONG_TESTS"), reason="no real pool, so not in CI: SWF_LONG_TESTS=1"
            ),
        ),
    ],
    indirect=True,
)


def shown(agent: SeenPool) -> Callable[[], object]:
    return lambda: agent.controller.report


@engines
@pytest.mark.timeout(400)
def test_workers_come_and_go_die_and_outlive_their_controller(rig: Rig) -> None:
    with Stage(rig, CONFIGURATION) as stage:
        law = Fixed(Pool())
        law.number = 3
        agent = stage.controller(law)
        wait_for(lambda: len(there(agent)) == 3, shown(agent))

        law.number = 6
        wait_for(lambda: len(there(agent)) == 6, shown(agent))

        law.number = 4
        wait_for(lambda: len(there(agent)) == 4 and not standing(agent, Standing.DRAINING), shown(agent))
        drained = [one for one in agent.controller.census.members.values() if one.drained_at is not None]
        assert len(drained) == 2
        wait_for(lambda: all(one.job.state is JobState.DONE for one in drained), shown(agent))
        assert {one.said.reason for one in drained if one.said} == {"no longer needed"}

        stage.put(200, "nothing")
        assert counted(stage.answers(200)) == dict.fromkeys(range(200), 1)
        assert stage.answers(1, timeout_s=0.2) == []

        _kill_one_under_load(stage, agent)
        _outage(stage, agent, rig)
        before = there(agent)
        stage.end_controller(killed=True)
        successor = stage.controller(law)
        wait_for(lambda: there(successor) == before, shown(successor))
        assert successor.controller.report.launched == 0
        handles = [one.handle for one in successor.controller.census.members.values()]
        stage.end_controller()
        wait_for(
            lambda: all(one.state.over for one in rig.engine.status(handles)),
            lambda: rig.engine.status(handles),
        )


def _kill_one_under_load(stage: Stage, agent: SeenPool) -> None:
    """A dead worker's slice goes to another, and another worker comes in its place."""
    stage.put(200, "nothing", first=1000)
    first = stage.answers(20)
    victim = standing(agent, Standing.THERE)[0]
    os.kill(pid_of(victim), 9)
    seen = set(counted(first))
    while len(seen) < 200:
        (said,) = stage.answers(1)
        seen.add(said.content.slice_id)
        assert said.content.state is SliceOutcome.DONE
    assert seen == set(range(1000, 1200))
    wait_for(lambda: victim.settled and len(there(agent)) == 4, shown(agent))
    assert victim.job.exit_code == -9
    assert agent.controller.report.died == 1


def _outage(stage: Stage, agent: SeenPool, rig: Rig) -> None:
    """Workers work on; nobody is launched, nobody is given up."""
    outage = rig.outage()
    if outage is None:
        return
    before, launched = there(agent), agent.controller.report.launched
    with outage:
        wait_for(lambda: agent.controller.report.engine_says != "answers", shown(agent))
        until = time.monotonic() + OUTAGE_S
        stage.put(50, "nothing", first=5000)
        assert counted(stage.answers(50)) == dict.fromkeys(range(5000, 5050), 1)
        while time.monotonic() < until:
            assert agent.controller.report.launched == launched
            time.sleep(0.2)
    wait_for(lambda: agent.controller.report.engine_says == "answers", shown(agent))
    assert there(agent) == before
    assert agent.controller.report.launched == launched


@engines
@pytest.mark.timeout(300)
def test_a_worker_ends_by_itself_when_it_is_idle_or_old(rig: Rig) -> None:
    with Stage(rig, CONFIGURATION) as stage:
        idle = stage.configure("[pool]\nidle_timeout = 0.5", "idle.toml")
        old = stage.configure("[pool]\nwalltime = 0.5", "old.toml")
        stage.lend()
        agent = stage.controller(Fixed(Pool()))
        launch = rig.engine.launch
        handles = [
            *launch("own", [1], stage.spec(agent, SWF_TESTBED_CONFIG=str(idle))),
            *launch("own", [2], stage.spec(agent, SWF_TESTBED_CONFIG=str(old))),
        ]
        wait_for(
            lambda: all(one.state is JobState.DONE for one in rig.engine.status(handles)),
            lambda: rig.engine.status(handles),
        )
        assert [one.exit_code for one in rig.engine.status(handles)] == [0, 0]
        reasons = [path.read_text() for path in sorted((stage.home / "logs" / "workers").glob("*own*.log"))]
        assert "idle for 0" in reasons[0]
        assert "walltime" in reasons[1]
