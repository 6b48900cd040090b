"""Workers of another system take the slices: written from the event contract alone, with plain stomp.py."""

import json
import os
import signal
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stomp
from chain_testbed import Run, Testbed
from stomp.utils import Frame

from swf_testbed.records import TfSlice, Worker, WorkflowMessage, WorkflowStage

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

NAMESPACE, STFS, SOME = "idds", 3, 5
TESTBED = f"""
[testbed]
namespace = "{NAMESPACE}"
[agents.data]
[agents.fastmon]
[agents.fast_processing]
[agents.merger]
[agents.transformer]
"""


def moment() -> str:
    return datetime.now(UTC).isoformat()


class Existing(stomp.ConnectionListener):  # type: ignore[misc]  # stomp.py has no types
    """A worker and its workflow system; nothing in it is the testbed's."""

    def __init__(self, port: int, user: str, password: str, *, dies_with: int = 0) -> None:
        self.name = f"idds-worker-{uuid.uuid4().hex[:6]}"
        self.heard: list[dict[str, Any]] = []
        self.taken: list[tuple[str, int]] = []
        self.over = threading.Event()
        self.fails: Callable[[dict[str, Any]], bool] = lambda piece: False
        self._dies_with = dies_with
        self._link = stomp.Connection12([("127.0.0.1", port)], reconnect_attempts_max=1)
        self._link.set_listener("", self)
        self._link.connect(user, password, wait=True)
        mine = {"selector": f"namespace = '{NAMESPACE}'"}
        for number, topic in enumerate(("panda.workers", "panda.transformer")):
            self._link.subscribe(f"/topic/{topic}", id=f"t{number}", ack="auto", headers=mine)
        self._link.subscribe(
            f"/queue/panda.slices.transformer.{NAMESPACE}",
            id="slices",
            ack="client-individual",
            headers={"activemq.prefetchSize": "1"},
        )
        self._beat("idle")

    def on_message(self, frame: Frame) -> None:
        said = json.loads(frame.body)
        if said["msg_type"] == "slice":
            self._work(said)
            if not self.over.is_set():
                self._link.ack(frame.headers["ack"])
            return
        self.heard.append(said)
        if said["msg_type"] in {"create_workflow_task", "close_workflow_task"}:
            self._reply(said)

    def _work(self, said: dict[str, Any]) -> None:
        piece = said["content"]
        self.taken.append((piece["tf_filename"], piece["slice_id"]))
        if len(self.taken) == self._dies_with:
            self.over.set()
            self._link.transport.disconnect_socket()
            return
        self._beat("busy", current_slice=piece["req_id"])
        ended: dict[str, Any] = {"state": "done", "result": {"events": piece["tf_count"]}, "error": None}
        if self.fails(piece):
            ended = {"state": "failed", "result": None, "error": f"no calibration at {self.name}"}
        result = {
            "slice_id": piece["slice_id"],
            "tf_filename": piece["tf_filename"],
            "requested_at": said["created_at"],
            "processing_start_at": moment(),
            "processed_at": moment(),
            "state": ended["state"],
            "hostname": "farm017",
            "worker_id": self.name,
            "panda_task_id": 1234,
            "panda_id": 5678,
            "harvester_id": "harvester-1",
            "result": ended,
        }
        for _ in range(2):  # at least once
            self._say(
                "/queue/panda.results.fastprocessing." + NAMESPACE,
                "slice_result",
                run_id=str(piece["run_id"]),
                instance=self.name,
                created_at=moment(),
                content=result,
            )

    def _reply(self, said: dict[str, Any]) -> None:
        kind = {"create_workflow_task": "created_workflow_task"}.get(said["msg_type"], "closed_workflow_task")
        content = {**said["content"], "transform_id": 71, "workload_id": 1234, "site": "BNL_OSG"}
        self._say(
            "/topic/panda.workers",
            kind,
            run_id=said["run_id"],
            causation_id=said["message_id"],
            content=content,
        )

    def _beat(self, state: str, **more: Any) -> None:
        content = {
            "worker_id": self.name,
            "hostname": "farm017",
            "state": state,
            "slices_completed": 0,
            **more,
        }
        self._say("/topic/panda.workers", "worker_heartbeat", content=content)

    def _say(self, destination: str, msg_type: str, **fields: Any) -> None:
        body = {
            "msg_type": msg_type,
            "message_id": str(uuid.uuid4()),
            "schema_version": 1,
            "namespace": NAMESPACE,
            "sender": self.name,
            "timestamp": moment(),
            **fields,
        }
        headers = {"msg_type": msg_type, "namespace": NAMESPACE, "persistent": "true"}
        self._link.send(destination, json.dumps(body), "application/json", headers)

    def close(self) -> None:
        if self._link.is_connected():
            self._link.disconnect()


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    home = tmp_path_factory.mktemp("transformer") / "home"
    made = Testbed(home)
    (home / "testbed.toml").write_text(TESTBED, "utf-8")
    started = made.do("start")
    assert started.returncode == 0, started.stderr
    yield made
    made.do("stop")


def kill(labs: Testbed, agent: str) -> int:
    """Kill -9; which process it was."""
    victim = labs.pid(agent)
    os.kill(victim, signal.SIGKILL)
    return victim


@pytest.fixture(scope="module")
def seen(labs: Testbed) -> Iterator[tuple[Run, list[Existing]]]:
    """A run whose slices two existing workers take, of which one dies with a slice in hand.

    The transformer agent is killed while they do, and its successor when the run ends.
    """
    who = labs.settings
    workers = [
        Existing(who.activemq_port, who.activemq_user, who.broker_password(), dies_with=dies)
        for dies in (3, 0)
    ]
    with labs.monitor() as monitor, monitor.events(namespace=NAMESPACE) as events:
        running = labs.start_run(STFS, **{"simulation.tf_per_stf": 60})
        last = {"stop_transformer", "closed_workflow_task"}
        killed = 0
        for event in events:
            last.discard(event.event)
            if not killed and sum(len(worker.taken) for worker in workers) >= SOME:
                killed = kill(labs, "transformer")
            if event.event == "end_run":
                labs.await_successor("transformer", killed, 1)
                killed = kill(labs, "transformer")
            if not last:
                break
        run = labs.finish(running)
    yield run, workers
    for worker in workers:
        worker.close()


def test_every_slice_is_settled_once_though_a_worker_died(
    seen: tuple[Run, list[Existing]], labs: Testbed
) -> None:
    run, (dead, alive) = seen
    summary = run.summary
    assert summary["status"] == "completed", run.said
    slices = summary["slices"]
    assert slices["created"] == slices["completed"] > 0
    assert (slices["failed"], slices["lost"], summary["duplicates"]) == (0, 0, 0)
    assert summary["results"] == slices["created"]
    assert dead.over.is_set()
    assert dead.taken[-1] in alive.taken, "the broker gave it to the other"
    with labs.monitor() as monitor:
        rows = list(monitor.list(TfSlice, run_number=summary["run_id"]))
        done = Counter(
            (str(row.agent_type), row.status.value)
            for row in monitor.list(WorkflowStage, run_number=summary["run_id"])
        )
        known = {row.worker_id for row in monitor.list(Worker, namespace=NAMESPACE)}
    assert {row.assigned_worker for row in rows} <= {dead.name, alive.name}
    assert done == {
        (name, "finished"): STFS for name in ("data", "fastmon", "fast_processing", "worker", "merger")
    }
    assert known == {dead.name, alive.name}


def test_results_without_histograms_add_nothing_to_plots_but_are_counted(
    seen: tuple[Run, list[Existing]],
) -> None:
    run, _ = seen
    assert run.summary["histograms"]["hits"] == 0
    assert not run.summary["histograms"]["equal"]
    assert run.summary["latency_s"]["egress_to_result"]["max"] > 0


def test_the_workflow_system_is_asked_before_and_released_after_the_last_slice(
    seen: tuple[Run, list[Existing]], labs: Testbed
) -> None:
    """The agent was killed twice: what it says again is the same message."""
    run, (_, alive) = seen
    number = run.summary["run_id"]
    heard = {said["message_id"]: said for said in alive.heard if said["msg_type"] != "worker_heartbeat"}
    kinds = Counter(said["msg_type"] for said in heard.values())
    asked = {"create_workflow_task", "stop_transformer", "close_workflow_task", "run_imminent_worker"}
    assert asked <= kinds.keys()
    assert {kinds[name] for name in asked} == {1}
    [close] = [said for said in heard.values() if said["msg_type"] == "close_workflow_task"]
    assert (close["run_id"], close["content"]["transform_id"]) == (number, 71)
    with labs.monitor() as monitor:
        told = {
            row.message_type: row.sent_at
            for row in monitor.list(WorkflowMessage, run_id=number)
            if row.sent_at is not None
        }
        last = max(row.completed_at for row in monitor.list(TfSlice, run_number=number) if row.completed_at)
    assert told["create_workflow_task"] < told["start_run"]
    assert told["stop_transformer"] > last


def test_a_slice_that_fails_is_tried_three_times_and_then_failed_with_the_reason(
    seen: tuple[Run, list[Existing]], labs: Testbed
) -> None:
    """Each answer is said twice, and yet is one try."""
    who, (_, alive) = labs.settings, seen[1]
    other = Existing(who.activemq_port, who.activemq_user, who.broker_password())
    before = len(alive.taken)

    def fails(piece: dict[str, Any]) -> bool:
        return piece["slice_id"] == 0 or (piece["slice_id"], piece["attempt"]) == (1, 1)

    alive.fails = other.fails = fails
    run = labs.finish(labs.start_run(1, **{"simulation.tf_per_stf": 60, "fastmon.tf_files_per_stf": 1}))
    other.close()
    slices = run.summary["slices"]
    assert (slices["created"], slices["completed"], slices["failed"], slices["lost"]) == (3, 2, 1, 0), (
        run.said
    )
    taken = Counter(number for _, number in (*alive.taken[before:], *other.taken))
    assert taken == {0: 3, 1: 2, 2: 1}
    with labs.monitor() as monitor:
        rows = {row.slice_id: row for row in monitor.list(TfSlice, run_number=run.summary["run_id"])}
        stages = monitor.list(WorkflowStage, run_number=run.summary["run_id"], agent_type="worker")
        assert [stage.message for stage in stages] == ["1 of 3 slices failed"]
    assert (rows[0].status, rows[0].retries) == ("failed", 2)
    kept: Any = rows[0].metadata
    assert kept["result"]["error"] == f"no calibration at {rows[0].assigned_worker}"
    assert [one["error"][:14] for one in kept["tries"]] == ["no calibration"] * 2
    assert (rows[1].status, rows[1].retries) == ("completed", 1)
