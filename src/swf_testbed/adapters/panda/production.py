"""Whole STFs on PanDA: a task for each run, which PanDA feeds from the run's dataset until that is closed."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from swf_testbed.adapters.panda.server import PandaJob, PandaServer
from swf_testbed.adapters.panda.task import common_parameters
from swf_testbed.adapters.production import JobReport, JobState, Report, StfJob, TaskOrder
from swf_testbed.config.panda import Panda
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import NotFound, SwfError

_log = logging.getLogger(__name__)

_OVER = frozenset({"done", "finished", "failed", "aborted", "broken", "exhausted"})
"""Words for tasks to which nothing more happens."""

_RUNNING = frozenset({"running", "holding", "transferring", "merging", "starting"})
_FAILED = frozenset({"failed", "cancelled", "closed"})


@dataclass
class _Task:
    order: TaskOrder
    number: int
    submitted_at: float
    told: dict[str, JobReport] = field(default_factory=dict)
    finishing: bool = False
    over: bool = False


class PandaProduction:
    """Submits, polls, and reports what has changed.

    A task is found again by its name, so submitting it once more after a crash gives its number. Files need
    not be offered: PanDA takes them from the dataset.
    """

    def __init__(self, server: PandaServer, rules: Panda) -> None:
        self._server, self._rules = server, rules
        self._tasks: dict[str, _Task] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, rules: Panda, settings: Settings) -> "PandaProduction":
        """As configured; `BadInput` if the server or the token is not."""
        return cls(PandaServer.of(rules, settings), rules)

    def begin(self, order: TaskOrder) -> int | None:
        """Submit the task, or find it."""
        with self._lock:
            known = self._tasks.get(order.name)
        if known is not None:
            return known.number
        number = self._server.submit(task_parameters(order, self._rules)).number
        _log.info("run %d is task %d of PanDA (%s)", order.run_number, number, order.name)
        with self._lock:
            self._tasks[order.name] = _Task(order, number, time.monotonic())
        self._wake.set()
        return number

    def offer(self, order: TaskOrder, jobs: Sequence[StfJob]) -> None:
        """PanDA finds files in the dataset; only the task must be there."""
        self.begin(order)

    def finish(self, order: TaskOrder) -> None:
        """Ask, again until it is heard, that the task ends with its jobs."""
        self.begin(order)
        with self._lock:
            self._tasks[order.name].finishing = True
        self._wake.set()

    def start(self, report: Report) -> None:
        """Poll in a thread."""
        self._thread = threading.Thread(target=self._poll, args=(report,), name="panda")
        self._thread.start()

    def stop(self) -> None:
        """Poll no more; tasks go on."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _poll(self, report: Report) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._rules.poll_interval)
            self._wake.clear()
            with self._lock:
                tasks = [task for task in self._tasks.values() if not task.over]
            for task in tasks:
                try:
                    self._look(task, report)
                except SwfError as error:
                    _log.warning(
                        "task %d: asked again in %.0f s: %s", task.number, self._rules.poll_interval, error
                    )

    def _look(self, task: _Task, report: Report) -> None:
        status = self._status(task)
        if status is None:
            return
        if task.finishing:
            self._server.finish(task.number)
            task.finishing = False
        over = status in _OVER
        jobs = self._jobs(task.number)
        reports = [
            said
            for said in _reports(task.order, task.number, jobs, over=over)
            if task.told.get(said.filename) != said
        ]
        if reports and not self._stopping.is_set():
            report(reports)
            task.told.update({said.filename: said for said in reports})
        task.over = over

    def _status(self, task: _Task) -> str | None:
        """PanDA's word; None while a task that was just submitted is not known yet."""
        try:
            return self._server.task_status(task.number)
        except NotFound:
            if time.monotonic() - task.submitted_at < self._rules.appearance:
                return None
            raise

    def _jobs(self, number: int) -> list[PandaJob]:
        return self._server.jobs(self._server.job_ids(number))


def task_parameters(order: TaskOrder, rules: Panda) -> dict[str, Any]:
    """What PanDA is told of a task: a job for each file of the dataset, until that is closed."""
    return {
        **common_parameters(order.name, rules),
        "transPath": rules.transformation,
        "coreCount": order.cores,
        "walltime": round(order.seconds),
        "runUntilClosed": True,
        "nFilesPerJob": 1,
        "maxAttempt": order.attempts,
        "jobParameters": [
            {"type": "constant", "value": f"--payload {order.payload} --run {order.run_number}"},
            {
                "type": "template",
                "param_type": "input",
                "value": "--input ${IN}",
                "dataset": f"{rules.scope}:{order.dataset}",
            },
            {
                "type": "template",
                "param_type": "output",
                "value": f"{order.outputs}.${{SN}}.json",
                "dataset": order.outputs,
            },
        ],
    }


def _reports(order: TaskOrder, number: int, jobs: Iterable[PandaJob], *, over: bool) -> list[JobReport]:
    """What the newest job of each file says; one that has failed is final when nobody will try again."""
    newest: dict[str, PandaJob] = {}
    for job in sorted(jobs, key=lambda job: (job.attempt, job.job_id)):
        newest |= dict.fromkeys(job.inputs, job)
    reports = []
    for filename, job in newest.items():
        state = _state(job, final=over or job.attempt >= order.attempts)
        if state is not None:
            reports.append(
                JobReport(
                    run_number=order.run_number,
                    filename=filename,
                    state=state,
                    attempt=job.attempt,
                    task_id=number,
                    job_id=job.job_id,
                    error=(job.error or job.status) if state is JobState.FAILED else "",
                    outputs=job.outputs if state is JobState.DONE else (),
                    host=job.host,
                )
            )
    return reports


def _state(job: PandaJob, *, final: bool) -> JobState | None:
    if job.status == "finished":
        return JobState.DONE
    if job.status in _FAILED:
        return JobState.FAILED if final else JobState.RUNNING
    return JobState.RUNNING if job.status in _RUNNING else None
