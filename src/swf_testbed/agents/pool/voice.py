"""What a pool's controller says on the broker: to workers, in the name of the dead, to who brings them."""

import logging

from swf_testbed.agents.pool.census import Member
from swf_testbed.messages import (
    AdjustWorker,
    DrainWorker,
    DrainWorkerContent,
    TaskContent,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
    WorkerRunContent,
)
from swf_testbed.messages.tasks import TaskReply
from swf_testbed.model.errors import SwfError
from swf_testbed.model.status import WorkerStatus
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.tasks import task_of

_SAY_S = 2.0
_log = logging.getLogger(__name__)


class Voice:
    """Speaks for one controller; what a broker that is away does not hear is told in the log."""

    def __init__(self, context: AgentContext) -> None:
        self._context = context
        self.tasks: dict[int, TaskContent] = {}
        """Of the newest run, by its number, what the system that brings workers has said of it."""

    def knows(self, said: TaskReply) -> None:
        """A system that brings workers has given its numbers for a run."""
        self.tasks = {said.run_id: said.content}

    def ask(self, run: WorkerRunContent, workers: int) -> bool:
        """Ask whoever brings the workers for another number of them; False if that could not be said."""
        try:
            task = self.tasks.get(run.run_id) or task_of(self._context.monitor, run.run_id)
            content = task.model_copy(update={"worker_count": workers, "core_count": run.core_count})
            wish = self._context.message(
                AdjustWorker, run_id=run.run_id, execution_id=run.execution_id, content=content
            )
            self._context.bus.publish(wish, timeout_s=_SAY_S)
        except SwfError as error:
            _log.warning("%d workers cannot be asked for: %s", workers, error)
            return False
        _log.info("run %d: %d workers are asked for", run.run_id, workers)
        return True

    def drain(self, member: Member, reason: str) -> None:
        """Tell a worker that it is to end, and why."""
        if member.said is None:
            return
        content = DrainWorkerContent(worker_id=member.said.worker_id, reason=reason)
        try:
            self._context.bus.publish(self._context.message(DrainWorker, content=content), timeout_s=_SAY_S)
        except SwfError as error:
            member.drained_at = None  # asked again with the next decision
            _log.warning("a worker cannot be asked to end: %s", error)

    def bury(self, member: Member, reason: str) -> None:
        """Say the last word of a worker that could not, and why."""
        if member.said is None:
            return
        said = {"state": WorkerStatus.ENDED, "reason": reason, "current_slice": None}
        last = WorkerHeartbeatContent.model_validate({**member.said.model_dump(), **said})
        try:
            self._context.bus.publish(self._context.message(WorkerHeartbeat, content=last))
        except SwfError as error:
            _log.warning("the end of a worker is not told: %s", error)
