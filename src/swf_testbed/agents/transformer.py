"""The transformer agent: tells a system that brings its own workers, as iDDS does, what each run needs."""

import logging
from typing import ClassVar

from swf_testbed.messages import (
    CloseWorkflowTask,
    CreatedWorkflowTask,
    CreateWorkflowTask,
    EndRun,
    HistogramsUpdated,
    RunImminent,
    StopTransformer,
    StopTransformerContent,
    TaskContent,
)
from swf_testbed.messages.tasks import AdjustedWorker, ClosedWorkflowTask, TaskReply
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.records import Run, RunState, WorkflowStage
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.tasks import task_of

_NEWEST = 5
"""Ended runs that are looked at on start: more cannot have ended while it was away for a restart."""

_log = logging.getLogger(__name__)


class TransformerAgent(BaseAgent):
    """Asks for workers before a run, and gives them back when every slice of it is settled.

    That workers are to stop is not said at the end of the run: slices may wait then, and nobody else takes
    them. What it says has derived identities, and it keeps nothing that is not in the monitor: killed at any
    moment, the next one says what is left to say.
    """

    agent_type: ClassVar[str] = "transformer"

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._ended: dict[int, tuple[str | None, int]] = {}

    def on_start(self) -> None:
        """Look at the newest runs that have ended: their last word may have been left unsaid."""
        monitor, namespace = self.context.monitor, self.context.namespace
        _, newest = monitor.page(RunState, namespace=namespace, ordering="-run_number", limit=_NEWEST)
        for state in newest:
            if state.phase is not None and state.phase.ended:
                run = monitor.get(Run, state.run_number)
                if run.total_stf_files is not None:
                    self._ended[run.run_number] = (run.execution, run.total_stf_files)
                    self._release(run.run_number)

    # What it hears.

    @handles(RunImminent)
    def ask_for_workers(self, run: RunImminent) -> None:
        """Workers are wanted; the request has the number of the run."""
        rules = self.context.parameters(run.execution_id).fast_processing
        content = TaskContent(
            request_id=run.run_id, worker_count=rules.target_worker_count, core_count=rules.core_count
        )
        self.context.bus.publish(
            self.context.message(CreateWorkflowTask, cause=run, run_id=run.run_id, content=content)
        )

    @handles(CreatedWorkflowTask, AdjustedWorker, ClosedWorkflowTask)
    def hear_reply(self, said: TaskReply) -> None:
        """The other system has done as it was asked, or says why not; the monitor keeps its numbers."""
        if said.ok:
            _log.info("run %d: %s by %s", said.run_id, said.msg_type, said.sender)
        else:
            _log.error("run %d: %s by %s failed: %s", said.run_id, said.msg_type, said.sender, said.error)

    @handles(EndRun)
    def end(self, run: EndRun) -> None:
        """No more STFs will come; slices may still wait."""
        self._ended[run.run_id] = (run.execution_id, run.total_stf_files)
        self._release(run.run_id)

    @handles(HistogramsUpdated, batch=100)
    def follow(self, plots: list[HistogramsUpdated]) -> None:
        """Results were merged: perhaps the last of a run."""
        for run in {one.run_id for one in plots} & self._ended.keys():
            self._release(run)

    # What it does.

    def _release(self, run: int) -> None:
        """Give workers back, if no STF of the run has slices to come or to settle."""
        execution_id, total = self._ended[run]
        settled = self._count(run, "merger", ProcessingStatus.FINISHED)
        refused = self._count(run, "data", ProcessingStatus.FAILED)
        if settled + refused < total:
            return
        say = self.context.message
        stop = say(
            StopTransformer,
            run_id=run,
            execution_id=execution_id,
            content=StopTransformerContent(run_id=run),
        )
        close = say(
            CloseWorkflowTask,
            run_id=run,
            execution_id=execution_id,
            content=task_of(self.context.monitor, run),
        )
        self.context.bus.publish_many([stop, close])
        del self._ended[run]

    def _count(self, run: int, agent_type: str, status: ProcessingStatus) -> int:
        total, _ = self.context.monitor.page(
            WorkflowStage, run_number=run, agent_type=agent_type, status=status.value, limit=1
        )
        return total
