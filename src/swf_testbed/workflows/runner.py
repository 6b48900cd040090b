"""The workflow runner: an agent that is told what to run, runs it, and answers."""

import logging
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from swf_testbed.messages import Ping, RunWorkflow, StatusRequest, StopWorkflow
from swf_testbed.messages.control import Command
from swf_testbed.model.errors import BadInput, Unavailable
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.answering import answer
from swf_testbed.workflows.aftermath import end_what_was_left_open
from swf_testbed.workflows.execution import Execution
from swf_testbed.workflows.ledger import RUN_NUMBER, Ledger
from swf_testbed.workflows.preparation import understand

_LAST_WORDS_S = 10.0
_LET_IN_S = 5.0

_log = logging.getLogger(__name__)


class WorkflowRunner(BaseAgent):
    """Runs workflows on command, several at once; leaves none open, not even one of a dead predecessor."""

    agent_type: ClassVar[str] = "workflow_runner"

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._ledger = Ledger(context)
        self._running: dict[str, Execution] = {}
        self._lock = threading.Lock()

    def on_start(self) -> None:
        """End what a predecessor has left open, once the broker has let us in: then it is dead indeed."""
        if not self.context.bus.wait_connected(_LET_IN_S):
            raise Unavailable("the broker does not let us in; is there another runner of this namespace?")
        end_what_was_left_open(self.context, self._ledger)

    def on_stop(self) -> None:
        """End what runs, in good order."""
        for execution in self._executions():
            execution.stop("the workflow runner was stopped")
        for execution in self._executions():
            execution.join(_LAST_WORDS_S)

    @handles(RunWorkflow)
    def run_workflow(self, command: RunWorkflow) -> None:
        """Start a workflow; answer with its execution id, or with what is wrong."""
        self._answer(command, lambda: self._start(command))

    @handles(StopWorkflow)
    def stop_workflow(self, command: StopWorkflow) -> None:
        """End an execution."""
        self._answer(command, lambda: self._stop(command))

    @handles(StatusRequest)
    def status(self, command: StatusRequest) -> None:
        """Say what runs."""
        self._answer(command, self._status)

    @handles(Ping)
    def ping(self, command: Ping) -> None:
        """Say that we are here."""
        self._answer(command, dict)

    def _start(self, command: RunWorkflow) -> dict[str, Any]:
        before = self._ledger.asked_before(command)
        if before is not None:
            return {"execution_id": before.execution_id, "run_id": before.metadata.get(RUN_NUMBER)}
        prepared = understand(command, self.context.settings, self.context.namespace)
        execution_id, run_number = self._ledger.begin(command, prepared)
        try:
            execution = Execution(
                self.context, self._ledger, execution_id, run_number, prepared, ended=self._forget
            )
        except Exception as error:
            self._ledger.end(execution_id, ExecutionStatus.FAILED, error=error)
            raise
        with self._lock:
            self._running[execution_id] = execution
        execution.start()
        _log.info("%s takes run %d", execution_id, run_number)
        return {"execution_id": execution_id, "run_id": run_number}

    def _stop(self, command: StopWorkflow) -> dict[str, Any]:
        execution = self._running.get(command.execution_id)
        if execution is None:
            running = ", ".join(self._running) or "none"
            raise BadInput("execution_id", command.execution_id, f"is not running here; running: {running}")
        execution.stop(f"stopped by {command.requested_by}")
        return {"execution_id": command.execution_id}

    def _status(self) -> dict[str, Any]:
        return {"running": [execution.standing() for execution in self._executions()]}

    def _executions(self) -> list[Execution]:
        with self._lock:
            return list(self._running.values())

    def _forget(self, execution_id: str) -> None:
        with self._lock:
            self._running.pop(execution_id, None)

    def _answer(self, command: Command, act: Callable[[], dict[str, Any]]) -> None:
        answer(self.context, command, act)
