"""The engine on this machine: a few threads, each with a payload in a process beside it."""

import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from swf_testbed.adapters.production import JobReport, JobState, Report, StfJob, TaskOrder
from swf_testbed.config.payloads import AnyPayload
from swf_testbed.model.clock import now
from swf_testbed.payloads import Frames, Outcome, Work, definition_of, open_payload
from swf_testbed.payloads.opening import Payload

Keep = Callable[[StfJob, Outcome], tuple[str, ...]]
"""Puts the result of a job where it is kept, and says where that is; doing so again changes nothing."""

_log = logging.getLogger(__name__)


class LocalProduction:
    """Runs jobs in the order in which they are offered, as many at a time as order and cores allow."""

    def __init__(self, payloads: Mapping[str, AnyPayload], scratch: Path, keep: Keep) -> None:
        self._payloads, self._scratch, self._keep = payloads, scratch, keep
        self._waiting: queue.Queue[tuple[TaskOrder, StfJob] | None] = queue.Queue()
        self._offered: set[tuple[str, str]] = set()
        self._threads: list[threading.Thread] = []
        self._at_work: dict[int, Payload] = {}
        self._stopping = threading.Event()
        self._report: Report = lambda reports: None

    def begin(self, order: TaskOrder) -> int | None:
        """Nothing is to be asked for; `BadInput` if the payload is not defined here."""
        definition_of(order.payload, self._payloads)
        return None

    def offer(self, order: TaskOrder, jobs: Sequence[StfJob]) -> None:
        """Take jobs that were not offered before."""
        for job in jobs:
            if (order.name, job.filename) not in self._offered:
                self._offered.add((order.name, job.filename))
                self._waiting.put((order, job))
        while len(self._threads) < min(order.workers, os.cpu_count() or 1, len(self._offered)):
            number = len(self._threads)
            thread = threading.Thread(target=self._work, args=(number,), name=f"production-{number}")
            self._threads.append(thread)
            thread.start()

    def finish(self, order: TaskOrder) -> None:
        """Nobody is to be told."""

    def start(self, report: Report) -> None:
        """Whom to tell of jobs."""
        self._report = report

    def stop(self) -> None:
        """End payloads and threads."""
        self._stopping.set()
        for _ in self._threads:
            self._waiting.put(None)
        for payload in list(self._at_work.values()):
            payload.close()
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        opened: dict[str, Payload] = {}
        try:
            while (said := self._waiting.get()) is not None and not self._stopping.is_set():
                order, job = said
                try:
                    self._run(number, opened, order, job)
                except Exception as error:  # a job must not end its thread
                    _log.exception("job %s", job.filename)
                    self._tell(job, JobState.FAILED, 1, error=f"{type(error).__name__}: {error}")
        finally:
            for payload in opened.values():
                payload.close()

    def _run(self, number: int, opened: dict[str, Payload], order: TaskOrder, job: StfJob) -> None:
        payload = opened.get(order.payload)
        if payload is None:
            definition = definition_of(order.payload, self._payloads)
            payload = opened[order.payload] = open_payload(definition, self._scratch)
        self._at_work[number] = payload
        for attempt in range(1, order.attempts + 1):
            self._tell(job, JobState.RUNNING, attempt)
            outcome = payload.run(_work_of(order, job, attempt))
            if self._stopping.is_set():
                return
            if outcome.done:
                self._tell(job, JobState.DONE, attempt, outputs=self._keep(job, outcome))
                return
            _log.warning("job %s, attempt %d: %s", job.filename, attempt, outcome.error)
            if not outcome.try_again:
                break
        self._tell(job, JobState.FAILED, attempt, error=outcome.error)

    def _tell(
        self, job: StfJob, state: JobState, attempt: int, error: str = "", outputs: tuple[str, ...] = ()
    ) -> None:
        said = JobReport(job.run_number, job.filename, state, attempt, error=error, outputs=outputs)
        self._report([said])


def _work_of(order: TaskOrder, job: StfJob, attempt: int) -> Work:
    return Work(
        kind="stf",
        name=job.filename,
        run_id=job.run_number,
        execution_id=job.execution_id,
        attempt=attempt,
        filename=job.filename,
        urls=job.urls,
        frames=Frames(first=job.tf_first, last=job.tf_first + job.tf_count - 1, count=job.tf_count),
        size_bytes=job.size_bytes,
        checksum=job.checksum,
        deadline=now() + timedelta(seconds=order.seconds) if order.seconds else None,
    )
