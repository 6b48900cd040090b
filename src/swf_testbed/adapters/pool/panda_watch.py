"""What PanDA says of workers' tasks and their jobs: asked for all at once, and no oftener than is fair."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from swf_testbed.adapters.panda.server import PandaJob, PandaServer
from swf_testbed.adapters.pool.panda_tasks import WorkerTask, worker_number
from swf_testbed.adapters.pool.protocol import FORGOTTEN, Handle, JobState, JobStatus
from swf_testbed.config.panda import Panda
from swf_testbed.model.errors import NotFound, SwfError, Unavailable

_STATES = {
    **dict.fromkeys(
        ("pending", "defined", "waiting", "assigned", "throttled", "activated", "sent", "starting"),
        JobState.QUEUED,
    ),
    **dict.fromkeys(("running", "holding", "transferring", "merging"), JobState.ACTIVE),
    "finished": JobState.DONE,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
    "closed": JobState.CANCELLED,
}
_KILLED_TASK = frozenset({"aborting", "toabort", "aborted"})
_OVER_TASK = frozenset({"done", "finished", "failed", "broken", "exhausted"})


@dataclass
class View:
    """What is known of a task: PanDA's word for it (None: PanDA does not know it), and its jobs by worker."""

    task: int
    status: str | None = "submitted"
    submitted_at: float = 0.0
    size: int | None = None
    jobs: dict[int, PandaJob] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether all jobs are there; no other will come."""
        return self.size is not None and len(self.jobs) >= self.size

    @property
    def over(self) -> bool:
        """Whether every job has ended."""
        return self.complete and all(_state(job).over for job in self.jobs.values())


class Watch:
    """Remembers the newest answers.

    Args:
        server: PanDA.
        rules: how often it is asked, and how long a task that was just submitted may be unknown.
    """

    def __init__(self, server: PandaServer, rules: Panda) -> None:
        self._server, self._rules = server, rules
        self._views: dict[int, View] = {}
        self._next_look = 0.0
        self._error: SwfError | None = None

    def begin(self, task: WorkerTask) -> None:
        """A task of which nothing need be asked yet."""
        if task.number is not None and task.number not in self._views:
            size = len(task.numbers)
            self._views[task.number] = View(task.number, submitted_at=task.submitted_at, size=size)

    def view(self, task: int) -> View:
        """What is known of a task."""
        return self._views.setdefault(task, View(task))

    def look(self, tasks: Iterable[int]) -> bool:
        """Ask about tasks, unless that was done a moment ago; whether it was asked.

        Raises:
            SwfError: no answer, or none that helps; the same one until it is time to ask again.
        """
        wanted = list(dict.fromkeys(tasks))
        strange = [task for task in wanted if task not in self._views]
        if time.monotonic() < self._next_look and not strange:
            if self._error is not None:
                raise self._error
            return False
        self._next_look, self._error = time.monotonic() + self._rules.poll_interval, None
        try:
            self._ask([self.view(task) for task in wanted])
        except SwfError as error:
            self._error = error
            raise
        return True

    def _ask(self, views: list[View]) -> None:
        ids: dict[int, View] = {}
        for view in views:
            if view.over:
                continue
            if not view.complete:
                view.status = self._task_status(view.task)
                ids.update(dict.fromkeys(self._job_ids(view.task), view))
            else:
                ids.update({job.job_id: view for job in view.jobs.values()})
        for job in self._server.jobs(list(ids)):
            _put(ids[job.job_id], job)

    def _task_status(self, task: int) -> str | None:
        try:
            return self._server.task_status(task)
        except NotFound:
            return None

    def _job_ids(self, task: int) -> list[int]:
        try:
            return self._server.job_ids(task)
        except NotFound:
            return []

    def status(self, handle: Handle) -> JobStatus:
        """How a worker is, as of the newest answer."""
        view = self.view(int(handle.job_id))
        job = view.jobs.get(handle.number)
        if job is None:
            return self._without_job(handle, view)
        state = _state(job)
        said = f"job {job.job_id} is {job.status}" + (f": {job.error}" if job.error else "")
        return JobStatus(handle, state, _exit_code(job) if state.over else None, said)

    def _without_job(self, handle: Handle, view: View) -> JobStatus:
        said = f"task {view.task} is {view.status}"
        if view.status is None:
            if time.time() - view.submitted_at < self._rules.appearance:
                return JobStatus(handle, JobState.QUEUED, said=f"task {view.task} is not known yet")
            return JobStatus(handle, JobState.UNKNOWN, said=FORGOTTEN)
        if view.status in _KILLED_TASK:
            return JobStatus(handle, JobState.CANCELLED, said=said)
        return JobStatus(handle, JobState.FAILED if view.status in _OVER_TASK else JobState.QUEUED, said=said)


def mute(error: SwfError) -> Unavailable:
    """An answer that does not help is as good as none."""
    return error if isinstance(error, Unavailable) else Unavailable(str(error))


def _put(view: View, job: PandaJob) -> None:
    number = worker_number(job.parameters)
    if number is None:
        return
    known = view.jobs.get(number)
    if known is None or known.job_id <= job.job_id:
        view.jobs[number] = job


def _state(job: PandaJob) -> JobState:
    return _STATES.get(job.status, JobState.UNKNOWN)


def _exit_code(job: PandaJob) -> int | None:
    """As a shell says it: beyond 128 it is a signal."""
    if job.exit_code is None:
        return 0 if job.status == "finished" else None
    return 128 - job.exit_code if job.exit_code > 128 else job.exit_code
