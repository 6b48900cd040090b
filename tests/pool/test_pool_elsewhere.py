"""Workers that another system brings: the controller measures and decides, and asks for them by messages."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from pool_stage import NAMESPACE, PATIENCE_S, Fixed, Stage, wait_for

from swf_testbed.adapters.pool import PoolEngine, WorkerSpec
from swf_testbed.adapters.pool.elsewhere import ElsewhereEngine
from swf_testbed.bus import Subscription
from swf_testbed.config.pool import Pool
from swf_testbed.messages import (
    AdjustWorker,
    CreatedWorkflowTask,
    EndRun,
    Message,
    RunImminentWorker,
    TaskContent,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    WorkerRunContent,
    decode,
)
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused
from swf_testbed.model.states import State, Substate
from swf_testbed.model.status import OperationalState, WorkerStatus

CONFIGURATION = """
[pool]
engine = "transformer"
interval = 0.1
hold = 0.3
max_workers = 50
"""


@dataclass
class ElsewhereRig:
    home: Path
    name: str = "transformer"
    real: str = "the messages are real, the other system is this test"
    engine: PoolEngine = field(default_factory=ElsewhereEngine)

    def outage(self) -> None:
        return None


class Other:
    """What a system that brings workers says and hears."""

    def __init__(self, stage: Stage) -> None:
        self._bus = stage.bus
        self._heard = stage.bus.subscribe(Subscription(destinations.WORKERS))

    def say(self, message: Message) -> None:
        self._bus.publish(message)

    def announce(self, run: int, workers: int) -> None:
        wanted = WorkerRunContent(
            run_id=run,
            execution_id=f"run-ada-{run:04}",
            target_worker_count=workers,
            core_count=2,
            slice_processing_time=1,
            worker_rampup_time=60,
            worker_rampdown_time=1,
        )
        self.say(RunImminentWorker(namespace=NAMESPACE, sender="test", run_id=run, content=wanted))
        content = TaskContent(request_id=run, transform_id=70 + run, workload_id=1234, site="BNL_OSG")
        self.say(
            CreatedWorkflowTask(
                namespace=NAMESPACE, sender="idds", run_id=run, causation_id=uuid4(), content=content
            )
        )

    def next_wish(self) -> AdjustWorker:
        while True:
            deliveries = self._heard.take(limit=1, timeout_s=PATIENCE_S)
            assert deliveries, "nobody asks for workers"
            self._heard.ack(deliveries)
            said = decode(deliveries[0].body)
            if isinstance(said, AdjustWorker):
                return said


@pytest.mark.timeout(300)
def test_each_change_is_asked_for_while_a_run_can_be_measured(tmp_path: Path) -> None:
    with Stage(ElsewhereRig(tmp_path), CONFIGURATION) as stage:
        other, law = Other(stage), Fixed(Pool())
        law.number = 5
        agent = stage.controller(law)
        wait_for(lambda: agent.activity.state is not OperationalState.STARTING, lambda: agent.activity.state)
        other.announce(1, workers=5)
        wait_for(lambda: 1 in agent.voice.tasks, lambda: agent.voice.tasks)
        stage.put(3)
        wait_for(lambda: agent.controller.report.queued == 3, lambda: agent.controller.report)
        beat = WorkerHeartbeatContent(
            worker_id="theirs-1", hostname="farm", state=WorkerStatus.IDLE, slices_completed=0
        )
        other.say(WorkerHeartbeat(namespace=NAMESPACE, sender="theirs-1", content=beat))
        law.number = 9  # the five that the run was announced with are not asked for again
        more = other.next_wish()
        assert (more.run_id, more.execution_id, more.content) == (
            1,
            "run-ada-0001",
            TaskContent(
                request_id=1, transform_id=71, workload_id=1234, site="BNL_OSG", worker_count=9, core_count=2
            ),
        )
        report = agent.controller.report
        wait_for(
            lambda: (report.engine_counts, report.broker_counts) == ({"asked": 9}, {"idle": 1}),
            lambda: report,
        )
        assert (report.engine, report.desired) == ("transformer", 9)
        law.number = 2
        assert other.next_wish().content.worker_count == 2

        end = {"state": State.BEAM, "substate": Substate.NOT_READY, "simulation_tick": 9}
        other.say(
            EndRun(namespace=NAMESPACE, sender="daq", run_id=1, total_stf_files=1, reason="done", **end)
        )
        wait_for(lambda: agent.controller.ramp.newest() is None, lambda: agent.controller.report)
        law.number = 7  # of a run that has ended nothing is asked for
        other.announce(2, workers=3)
        last = other.next_wish()
        assert (last.run_id, last.content.worker_count, last.content.transform_id) == (2, 7, 72)
        assert agent.controller.report.launched == 0


def test_nothing_is_started_here(tmp_path: Path) -> None:
    engine = ElsewhereEngine()
    with pytest.raises(Refused, match="another system brings the workers"):
        engine.launch("pool", [1], WorkerSpec(("true",), {}, tmp_path))
    assert not engine.adopt("pool")
    assert not engine.status([])
    engine.stop([], 0.0)
