"""The record of executions in the monitor: definitions, executions, and how each ended."""

import traceback
from collections.abc import Iterator
from typing import Any

from swf_testbed.config.provenance import execution_environment, source_of
from swf_testbed.messages import RunWorkflow
from swf_testbed.model.clock import now
from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.model.names import ExecutionId, user_word
from swf_testbed.model.status import OPEN_EXECUTION, ExecutionStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowDefinition, WorkflowExecution
from swf_testbed.runtime import AgentContext
from swf_testbed.workflows.preparation import PreparedWorkflow

COMMAND = "command_id"
"""Where an execution's metadata keeps the id of the command that asked for it."""

RUN_NUMBER, RUN_NUMBERS = "run_number", "run_numbers"
"""Where it keeps its first run, and all of them."""

RUNNER_NAMESPACE = "runner_namespace"
"""Where it keeps the namespace of its runner, which may run executions of others."""

_REMEMBERED = 50
"""Among so many newest executions of its sender a command is looked for that comes a second time."""


class Ledger:
    """Writes what becomes of the executions of one runner."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context

    @property
    def _monitor(self) -> MonitorClient:
        return self._context.monitor

    def asked_before(self, command: RunWorkflow) -> WorkflowExecution | None:
        """The execution that this very command started, if it was delivered before."""
        newest = self._monitor.page(
            WorkflowExecution, executed_by=command.requested_by, ordering="-created_at", limit=_REMEMBERED
        )
        for record in newest.results:
            if record.metadata.get(COMMAND) == str(command.message_id):
                return record
        return None

    def open_executions(self) -> Iterator[WorkflowExecution]:
        """Executions of this namespace's runner that have not ended, wherever they run."""
        for status in OPEN_EXECUTION:
            for record in self._monitor.list(WorkflowExecution, status=status.value):
                if record.metadata.get(RUNNER_NAMESPACE, record.namespace) == self._context.namespace:
                    yield record

    def open_runs(self, execution: WorkflowExecution) -> list[int]:
        """The runs of an execution that have not ended, for all that is known.

        Those of its record are among them even if the monitor has not heard of them: that may be on its way.
        """
        runs = {run.run_number: run for run in self._monitor.list(Run, execution=execution.execution_id)}
        numbers = {*runs, *_runs_of(execution)}
        return sorted(one for one in numbers if one not in runs or runs[one].end_time is None)

    def next_run_number(self, execution_id: str) -> int:
        """The number of one more run of an execution, recorded before anything is said of it."""
        number = self._monitor.next_run_number()
        known = self._monitor.get(WorkflowExecution, execution_id)
        metadata = {**known.metadata, RUN_NUMBERS: [*_runs_of(known), number]}
        self._monitor.upsert([WorkflowExecution(execution_id=execution_id, metadata=metadata)])
        return number

    def begin(self, command: RunWorkflow, prepared: PreparedWorkflow) -> tuple[str, int]:
        """Write definition and execution; the execution's id and its run number.

        Raises:
            Conflict: the workflow's code has changed, and its version has not.
        """
        workflow = prepared.configuration.workflow
        self._monitor.ensure_namespace(prepared.namespace)
        self._define(prepared, command.requested_by)
        sequence = self._monitor.next_workflow_execution_id()
        execution_id = str(ExecutionId(workflow.name, user_word(command.requested_by), sequence))
        run_number = self._monitor.next_run_number()
        record = WorkflowExecution(
            execution_id=execution_id,
            workflow_definition=f"{workflow.name}/{workflow.version}",
            namespace=prepared.namespace,
            parameter_values=prepared.parameters.model_dump(mode="json"),
            execution_environment=execution_environment(prepared.code.path),
            status=ExecutionStatus.RUNNING,
            start_time=now(),
            executed_by=command.requested_by,
            metadata={
                COMMAND: str(command.message_id),
                RUN_NUMBER: run_number,
                RUN_NUMBERS: [run_number],
                RUNNER_NAMESPACE: self._context.namespace,
                "runner": self._context.name,
                "realtime": prepared.realtime,
                "configuration": {
                    "file": str(prepared.made.path),
                    **prepared.configuration.model_dump(mode="json", exclude={"parameters"}),
                },
            },
        )
        self._monitor.upsert([record])
        return execution_id, run_number

    def _define(self, prepared: PreparedWorkflow, user: str) -> None:
        """Let the definition exist, as it is; what was run under a version stays what it was."""
        workflow, code = prepared.configuration.workflow, prepared.code
        definition = WorkflowDefinition(
            workflow_name=workflow.name,
            version=workflow.version,
            workflow_type=code.path.stem,
            definition=code.text,
            parameter_values=code.options_of({}).model_dump(mode="json"),
            source=source_of(code.path),
            created_by=user,
        )
        try:
            known = self._monitor.get(WorkflowDefinition, workflow.name, workflow.version)
        except NotFound:
            self._monitor.ensure(definition)
            return
        if known.definition != code.text:
            raise Conflict(
                f"{workflow.name} {workflow.version} was run before with other code than {code.path} has: "
                f"raise version under [workflow] in {prepared.made.path}"
            )

    def end(
        self,
        execution_id: str,
        status: ExecutionStatus,
        *,
        metrics: dict[str, Any] | None = None,
        error: BaseException | str | None = None,
    ) -> None:
        """Write how an execution ended."""
        said: dict[str, Any] = {"execution_id": execution_id, "status": status, "end_time": now()}
        if metrics is not None:
            said["performance_metrics"] = metrics
        if error is not None:
            said["error_message"] = str(error) or type(error).__name__
        if isinstance(error, BaseException):
            said["stack_trace"] = "".join(traceback.format_exception(error))
        self._monitor.upsert([WorkflowExecution(**said)])


def _runs_of(execution: WorkflowExecution) -> list[int]:
    said = execution.metadata.get(RUN_NUMBERS)
    return [number for number in said if isinstance(number, int)] if isinstance(said, list) else []
