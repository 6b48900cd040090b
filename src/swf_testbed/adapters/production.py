"""Production of whole STFs, whoever does it: a task for each run, and in it a job for each file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class JobState(StrEnum):
    """How far the processing of one file is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """For good: whoever runs it has tried as often as it was allowed to."""


@dataclass(frozen=True)
class TaskOrder:
    """What is to be done with the files of a run.

    Args:
        name: of the task; asked for a second time it is found again by it.
        dataset, outputs: names of the datasets that it reads and writes.
        payload: what runs on each file, by the name that the engine knows.
        attempts: how often a job may be tried.
        workers, cores, seconds: jobs at a time, cores of each, and how long one may take.
    """

    run_number: int
    name: str
    dataset: str
    outputs: str
    payload: str
    attempts: int
    workers: int
    cores: int
    seconds: float


@dataclass(frozen=True)
class StfJob:
    """One file of a task, as it is offered to the engine; times of its frames follow from the file.

    Args:
        filename: of the STF.
        urls: its replicas, the first to be read first.
        tf_first, tf_count: its frames.
        size_bytes, checksum: of the file.
    """

    run_number: int
    execution_id: str | None
    filename: str
    urls: tuple[str, ...]
    tf_first: int
    tf_count: int
    size_bytes: int
    checksum: str


@dataclass(frozen=True)
class JobReport:
    """What has become of one file; told again when it changes, and perhaps when it does not."""

    run_number: int
    filename: str
    state: JobState
    attempt: int = 1
    task_id: int | None = None
    job_id: int | None = None
    error: str = ""
    outputs: tuple[str, ...] = ()
    host: str = ""


Report = Callable[[Sequence[JobReport]], None]


class Production(Protocol):
    """An engine. All of it may be said again: a task is one by its name, a job by its task and file."""

    def begin(self, order: TaskOrder) -> int | None:
        """Make the task, or find it again; its number with the engine, if that gives numbers.

        Raises:
            Unavailable: the engine does not answer.
            Refused: it says no, and why.
        """

    def offer(self, order: TaskOrder, jobs: Sequence[StfJob]) -> None:
        """Files of the task that are there now; an engine that finds them in the dataset needs no word."""

    def finish(self, order: TaskOrder) -> None:
        """No more files will come."""

    def start(self, report: Report) -> None:
        """Begin to report; from a thread of its own."""

    def stop(self) -> None:
        """Report no more, and end what runs in this process; what is not done is reported never."""
