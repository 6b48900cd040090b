"""A runner that ends, whichever way, leaves no run and no execution open.

    SWF_KILL_POINTS=20 pytest -s tests/workflows/test_workflow_recovery.py

kills at so many points instead of the few that a daily test can afford; each says how long it took from
the start of the next runner until everything was ended.
"""

import os
import random
import signal
import time

import pytest
from workflow_site import PATIENCE_S, User, ended

from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import EndRun, Message, StfGen, StopWorkflow
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.records import WorkflowExecution
from swf_testbed.workflows.aftermath import REASON

pytestmark = pytest.mark.timeout(300)

POINTS = int(os.environ.get("SWF_KILL_POINTS", "3"))
ENDLESS = {"daq_state_machine.physics_period_count": 0, "daq_state_machine.stf_count": None}
STFS = 6


def any_stf(found: list[Message]) -> bool:
    return any(isinstance(one, StfGen) for one in found)


def test_a_runner_that_is_stopped_ends_its_runs_in_good_order(user: User) -> None:
    with user.hearing() as heard, user.runner() as process:
        execution_id, number = user.run(params=ENDLESS, realtime=True)
        heard.until(any_stf)
        process.send_signal(signal.SIGTERM)
        last = heard.until(ended(number))[-1]
        assert process.wait(PATIENCE_S) == 0
    assert isinstance(last, EndRun)
    assert last.reason == "the workflow runner was stopped"
    record = user.await_end(execution_id)
    assert (record.status, record.error_message) == (ExecutionStatus.TERMINATED, last.reason)
    assert user.await_run_end(number).total_stf_files == user.files(number) == last.total_stf_files


def test_a_dead_runner_s_executions_are_ended_in_every_namespace(user: User) -> None:
    with user.hearing("elsewhere") as heard, user.runner() as process:
        here = user.run(params=ENDLESS, realtime=True)
        there = user.run(params={**ENDLESS, "testbed.namespace": "elsewhere"}, realtime=True)
        heard.until(any_stf)
        process.kill()
    with user.runner():
        for (execution_id, number), namespace in ((here, "local"), (there, "elsewhere")):
            record = user.await_end(execution_id)
            assert (record.namespace, record.status) == (namespace, ExecutionStatus.FAILED)
            assert record.error_message == REASON
            run = user.await_run_end(number)
            assert run.namespace == namespace
            assert run.end_reason == REASON
            assert run.total_stf_files == user.files(number)


MANY_RUNS = """
def execute(env):
    env.enter("no_beam", "not_ready")
    while True:
        env.enter("beam", "not_ready")
        env.enter("beam", "ready")
        env.enter("run", "physics")
        yield from env.take_stf()
        env.enter("beam", "not_ready")
        env.enter("no_beam", "not_ready")
"""


def test_of_an_execution_with_many_runs_none_stays_open(user: User) -> None:
    user.write("many_runs", MANY_RUNS)
    with user.hearing() as heard, user.runner() as process:
        execution_id, _ = user.run("many_runs", realtime=True)
        heard.until(lambda found: sum(isinstance(one, StfGen) for one in found) >= 3)
        process.kill()
    with user.runner():
        numbers = user.await_end(execution_id).metadata["run_numbers"]
        assert isinstance(numbers, list)
        assert len(numbers) >= 3
        for number in numbers:
            assert isinstance(number, int)
            assert user.await_run_end(number).total_stf_files == user.files(number)


def test_a_second_runner_waits_for_the_end_of_the_first(user: User) -> None:
    """And does not take its executions for left open."""
    log = user.home / "workflows.log"
    with user.runner():
        execution_id, number = user.run(params=ENDLESS, realtime=True)
        before = log.read_text().count("does not let us in")
        with user.program("workflows"):
            assert wait_until(lambda: log.read_text().count("does not let us in") > before, PATIENCE_S)
            assert user.monitor.get(WorkflowExecution, execution_id).status is ExecutionStatus.RUNNING
        user.ask(StopWorkflow, execution_id=execution_id)
        assert user.await_end(execution_id).status is ExecutionStatus.TERMINATED
        assert user.await_run_end(number).end_reason == "stopped by alice"


@pytest.mark.parametrize("point", range(POINTS))
def test_a_runner_that_is_killed_leaves_nothing_open(user: User, point: int) -> None:
    """At a point of the way from the command to the end: some ms after one of the messages."""
    chance = random.Random(point)
    realtime, after, pause_s = chance.random() < 0.5, chance.randint(0, STFS + 4), chance.uniform(0, 0.1)
    order = user.order(params={"daq_state_machine.stf_count": STFS}, realtime=realtime)
    with user.hearing() as heard, user.runner() as process:
        user.bus.publish(order)
        heard.until(lambda found: len(found) >= after)
        time.sleep(pause_s)  # the point itself
        process.kill()
    began = time.monotonic()
    with user.runner():
        record = execution_of(user, str(order.message_id))
        over = user.await_end(record.execution_id)
        number = record.metadata["run_number"]
        assert isinstance(number, int)
        run = user.await_run_end(number)
    files, took_s = user.files(number), time.monotonic() - began
    print(f"point {point}: after {after} messages, {over.status.value}, {files} files, {took_s:.1f} s")  # noqa: T201  # the figures of the long form
    assert over.status in {ExecutionStatus.FAILED, ExecutionStatus.COMPLETED}
    assert over.end_time is not None
    assert run.total_stf_files == files
    assert user.monitor.page(WorkflowExecution, status="running").total == 0


def execution_of(user: User, command_id: str) -> WorkflowExecution:
    """The execution of a command; one that the dead runner did not take up is taken up by the next."""
    found: list[WorkflowExecution] = []

    def there() -> bool:
        listed = user.monitor.list(WorkflowExecution, namespace="local")
        found[:] = [record for record in listed if record.metadata["command_id"] == command_id]
        return bool(found)

    assert wait_until(there, PATIENCE_S), "the command was lost"
    (one,) = found
    return one
