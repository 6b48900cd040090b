"""The runner on real services: what it runs and records, what it refuses, and that nothing stays open."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workflow_site import PATIENCE_S, User, ended

from swf_testbed.config.parameters import Parameters
from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import EndRun, StatusRequest, StfGen, StopWorkflow
from swf_testbed.model.errors import Refused
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Log, WorkflowDefinition, WorkflowExecution
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.asking import ask

pytestmark = pytest.mark.timeout(300)

STF_COUNT, PERIODS = "daq_state_machine.stf_count", "daq_state_machine.physics_period_count"
ONE_STF = """
def execute(env):
    env.enter("no_beam", "not_ready")
    env.enter("beam", "not_ready")
    env.enter("beam", "ready")
    env.enter("run", "physics")
    yield from env.take_stf()
    {then}
    env.enter("beam", "not_ready")
    env.enter("no_beam", "not_ready")
"""


@pytest.fixture(scope="module")
def running(user: User) -> Iterator[User]:
    """A runner is up."""
    with user.runner():
        yield user


def test_an_execution_is_recorded_with_all_that_it_ran_with(running: User) -> None:
    with running.hearing() as heard:
        execution_id, number = running.run("fast_processing", {STF_COUNT: 3})
        said = heard.until(ended(number))
    record = running.await_end(execution_id)
    assert execution_id.startswith("stf_datataking-alice-")
    assert record.status is ExecutionStatus.COMPLETED
    assert record.workflow_definition == "stf_datataking/1.0"
    parameters = Parameters.model_validate(record.parameter_values)
    assert parameters.daq_state_machine.stf_count == 3
    assert parameters.fast_processing.target_worker_count == 30
    environment: Any = record.execution_environment
    assert environment["versions"]["simpy"]
    assert {"commit", "branch", "tag", "dirty", "workflow", "host", "python"} <= set(environment)
    configuration: Any = record.metadata["configuration"]
    assert configuration["workflow"]["includes"] == ["daq_state_machine.toml"]
    files = [message for message in said if isinstance(message, StfGen)]
    metrics: Any = record.performance_metrics
    assert metrics["stf_files"] == len(files) == 3
    assert metrics["stf_bytes"] == sum(message.size_bytes for message in files)
    assert metrics["messages"] >= len(said)
    assert metrics["simulated_s"] > 0.6
    assert metrics["drift_s"] == 0
    assert metrics["latency_s"]["write"]["max"] >= metrics["latency_s"]["write"]["p50"] > 0
    assert metrics["rates"]["stf_files_per_s"] > 0
    definition = running.monitor.get(WorkflowDefinition, "stf_datataking", "1.0")
    assert "yield from env.walk(env.plan())" in definition.definition
    assert set(definition.source) == {"org", "repo", "path", "branch"}


def test_a_workflow_of_one_s_own_is_run_by_its_path_from_any_folder(running: User, tmp_path: Path) -> None:
    path = running.write("mine", ONE_STF.format(then='env.log("that is all")'), folder=tmp_path)
    execution_id, number = running.run(str(path))
    assert execution_id.startswith("mine-alice-")
    record = running.await_end(execution_id)
    assert (record.status, record.error_message) == (ExecutionStatus.COMPLETED, None)
    assert running.await_run_end(number).total_stf_files == running.files(number) == 1

    def logged() -> list[str]:
        return [line.message for line in running.monitor.list(Log, execution_id=execution_id, ordering="id")]

    assert wait_until(lambda: "that is all" in logged(), PATIENCE_S), logged()


@pytest.mark.parametrize(
    ("then", "error", "line"),
    [
        ('raise ValueError("no more beam")', "no more beam", 'raise ValueError("no more beam")'),
        ("raise SystemExit(3)", "3", "raise SystemExit(3)"),
        ('env.enter("off")', "run/physics cannot become off", 'env.enter("off")'),
        ('yield from env.take_stf("side")', "stream = 'side': must be one of main", "env.take_stf"),
    ],
)
def test_a_workflow_that_fails_ends_its_run_and_says_why(
    running: User, then: str, error: str, line: str
) -> None:
    name = f"fails_{len(then)}"
    running.write(name, ONE_STF.format(then=then))
    with running.hearing() as heard:
        execution_id, number = running.run(name)
        last = heard.until(ended(number))[-1]
    assert isinstance(last, EndRun)
    assert error in last.reason
    assert last.reason.startswith("failed: ")
    assert last.total_stf_files == running.files(number) == 1
    record = running.await_end(execution_id)
    assert record.status is ExecutionStatus.FAILED
    assert error in (record.error_message or "")
    assert line in (record.stack_trace or "")
    assert f"{name}.py" in (record.stack_trace or "")
    assert record.end_time is not None


def test_code_that_has_changed_under_its_version_is_refused_with_the_remedy(running: User) -> None:
    running.write("versioned", ONE_STF.format(then="pass"))
    running.await_end(running.run("versioned")[0])
    running.await_end(running.run("versioned")[0])
    toml = running.write("versioned", ONE_STF.format(then="env.log('changed')"))
    with pytest.raises(Refused, match=rf"versioned 1\.0 was run before .* raise version .* in {toml}"):
        running.run("versioned")
    running.write("versioned", ONE_STF.format(then="env.log('changed')"), version="1.1")
    record = running.await_end(running.run("versioned")[0])
    assert record.workflow_definition == "versioned/1.1"
    kept = running.monitor.get(WorkflowDefinition, "versioned", "1.0").definition
    assert "changed" not in kept


@pytest.mark.parametrize(
    ("workflow", "params", "said"),
    [
        ("nix", {}, "there is no workflow of this name; there are: "),
        ("fast_processing", {"fastmon.sead": 1}, "did you mean seed?"),
        ("fast_processing", {"options.periods": 1}, "options.periods = 1: is not known"),
        ("fast_processing", {"workflow.name": "a-b"}, "workflow.name = 'a-b'"),
        ("fast_processing", {"testbed.namespace": "a b"}, "testbed.namespace = 'a b'"),
        ("broken", {}, "does not load: SyntaxError in line 1"),
    ],
)
def test_what_cannot_be_run_is_refused_in_words(
    running: User, workflow: str, params: dict[str, object], said: str
) -> None:
    running.write("broken", "def execute(env")
    before = running.monitor.page(WorkflowExecution, limit=1).total
    with pytest.raises(Refused) as refused:
        running.run(workflow, params)
    assert said in str(refused.value)
    assert running.monitor.page(WorkflowExecution, limit=1).total == before


def test_a_command_that_is_delivered_twice_runs_once(running: User) -> None:
    order = running.order()
    first = ask(running.bus, order, "the runner", PATIENCE_S)
    assert ask(running.bus, order, "the runner", PATIENCE_S) == first
    running.await_end(first["execution_id"])


def test_a_workflow_may_be_run_with_the_configuration_of_another(running: User) -> None:
    running.write("lent", ONE_STF.format(then="pass"))
    order = running.order("lent").model_copy(update={"config": "fast_processing_default"})
    record = running.await_end(ask(running.bus, order, "the runner", PATIENCE_S)["execution_id"])
    assert record.execution_id.startswith("lent-")
    assert Parameters.model_validate(record.parameter_values).fast_processing.target_worker_count == 30
    assert record.performance_metrics["stf_files"] == 1


def test_several_run_at_once_in_different_namespaces_and_each_is_stopped_alone(running: User) -> None:
    endless, elsewhere = {PERIODS: 0, STF_COUNT: None}, {"testbed.namespace": "elsewhere"}
    with running.hearing() as here, running.hearing("elsewhere") as there:
        first, one = running.run(params=endless, realtime=True)
        second, two = running.run(params={**endless, **elsewhere}, realtime=True)
        third, three = running.run(params={**elsewhere, STF_COUNT: 2})
        standing = {entry["execution_id"]: entry for entry in running.ask(StatusRequest)["running"]}
        assert {standing[name]["namespace"] for name in (first, second)} == {"local", "elsewhere"}
        running.ask(StopWorkflow, execution_id=second)
        said_there = there.until(lambda found: ended(two)(found) and ended(three)(found))
        assert first in {entry["execution_id"] for entry in running.ask(StatusRequest)["running"]}
        running.ask(StopWorkflow, execution_id=first)
        said_here = here.until(ended(one))
    assert {message.run_id for message in said_here} - {None} == {one}
    assert {message.run_id for message in said_there} - {None} == {two, three}
    stopped, completed = ExecutionStatus.TERMINATED, ExecutionStatus.COMPLETED
    for execution_id, number, namespace, status in (
        (first, one, "local", stopped),
        (second, two, "elsewhere", stopped),
        (third, three, "elsewhere", completed),
    ):
        record = running.await_end(execution_id)
        assert (record.namespace, record.status) == (namespace, status)
        run = running.await_run_end(number)
        assert run.namespace == namespace
        assert run.total_stf_files == running.files(number)
    assert running.monitor.get(WorkflowExecution, first).error_message == "stopped by alice"
    with pytest.raises(Refused, match="is not running here"):
        running.ask(StopWorkflow, execution_id=first)


def test_parameters_are_asked_of_the_monitor_once_a_run(running: User) -> None:
    """By every agent: all have them from their context."""
    execution_id, _ = running.run(params={"fast_processing.slices_per_sample": 4})
    with MonitorClient(
        running.settings.swf_monitor_http_url, running.settings.api_token(), "swf/once_a_run"
    ) as monitor:
        context = AgentContext(running.settings, "local", running.bus, monitor)
        for _ in range(50):
            assert context.parameters(execution_id).fast_processing.slices_per_sample == 4
    counted = [line for line in running.monitor.metrics().splitlines() if 'agent="once_a_run"' in line]
    assert [float(line.split()[-1]) for line in counted if "requests_total" in line] == [1.0]
    running.await_end(execution_id)
