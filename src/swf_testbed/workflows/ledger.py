"""The record of executions in the monitor: definitions, executions, and how each ended."""

import traceback
from pathlib import Path
from typing import Any

from swf_testbed.config.documents import Configuration
from swf_testbed.config.provenance import execution_environment
from swf_testbed.messages import RunWorkflow
from swf_testbed.model.clock import now
from swf_testbed.model.names import ExecutionId, user_word
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowDefinition, WorkflowExecution
from swf_testbed.runtime import AgentContext

COMMAND = "command_id"
"""Where an execution's metadata keeps the id of the command that asked for it."""

RUN_NUMBER = "run_number"


class Ledger:
    """Writes what becomes of executions of one namespace."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context

    @property
    def _monitor(self) -> MonitorClient:
        return self._context.monitor

    def asked_before(self, command: RunWorkflow) -> WorkflowExecution | None:
        """The execution that this very command started, if it was delivered before."""
        for record in self._executions():
            if record.metadata.get(COMMAND) == str(command.message_id):
                return record
        return None

    def open_executions(self) -> list[WorkflowExecution]:
        """Executions of the namespace that have not ended."""
        return [record for record in self._executions() if not record.status.terminal]

    def runs_of(self, execution: WorkflowExecution) -> list[Run]:
        """The runs that an execution has begun."""
        return list(self._monitor.list(Run, execution=execution.execution_id))

    def next_run_number(self) -> int:
        """The number of one more run."""
        return self._monitor.next_run_number()

    def _executions(self) -> list[WorkflowExecution]:
        newest = self._monitor.page(
            WorkflowExecution, namespace=self._context.namespace, ordering="-created_at", limit=200
        )
        return list(newest.results)

    def begin(self, command: RunWorkflow, configuration: Configuration) -> tuple[str, int]:
        """Write definition and execution; the execution's id and its run number."""
        workflow = configuration.workflow
        definition = WorkflowDefinition(
            workflow_name=workflow.name,
            version=workflow.version,
            workflow_type=workflow.config or workflow.name,
            definition=workflow.model_dump_json(indent=2),
            created_by=command.requested_by,
        )
        self._monitor.ensure_namespace(self._context.namespace)
        self._monitor.ensure(definition)
        sequence = self._monitor.next_workflow_execution_id()
        execution_id = str(ExecutionId(workflow.name, user_word(command.requested_by), sequence))
        run_number = self._monitor.next_run_number()
        record = WorkflowExecution(
            execution_id=execution_id,
            workflow_definition=f"{workflow.name}/{workflow.version}",
            namespace=self._context.namespace,
            parameter_values=configuration.parameter_values(),
            execution_environment=execution_environment(Path(__file__)),
            status=ExecutionStatus.RUNNING,
            start_time=now(),
            executed_by=command.requested_by,
            metadata={COMMAND: str(command.message_id), RUN_NUMBER: run_number, "runner": self._context.name},
        )
        self._monitor.upsert([record])
        return execution_id, run_number

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
