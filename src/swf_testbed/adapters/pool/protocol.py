"""What every engine offers: the contract that the acceptance suite in `tests/pool` holds all of them to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from swf_testbed.model.errors import BadInput, Unavailable


class JobState(StrEnum):
    """What an engine says of a process that it was asked to start."""

    QUEUED = "queued"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The engine does not answer, or does not remember: the process may live."""

    @property
    def over(self) -> bool:
        """Whether the process has ended, or never will begin."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """A worker process: what is started, and what it needs.

    Args:
        argv: the program and its arguments.
        environment: beside the engine's own; nothing secret, some engines show it to others.
        folder: where its log and the engine's notes are kept; on a file system that the workers see.
        cores, memory_mb: of one worker.
        walltime_s: the engine's limit, a backstop: the worker keeps its own, shorter.
        labels: for people who look at the engine.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    cores: int = 1
    memory_mb: int | None = None
    walltime_s: float = 14_400.0
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class Handle:
    """A process by its pool and number, and what the engine calls it."""

    pool_id: str
    number: int
    job_id: str = field(compare=False)

    @property
    def name(self) -> str:
        """What people see in the engine."""
        return job_name(self.pool_id, self.number)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How a process is.

    Args:
        handle: which.
        state: in our words.
        exit_code: once it is over, if the engine knows; negative for a signal.
        said: in the engine's own words.
    """

    handle: Handle
    state: JobState
    exit_code: int | None = None
    said: str = ""


FORGOTTEN = "is not known any more"
"""What an engine that answers says of a process that it does not remember."""


def still_there(found: Sequence[JobStatus]) -> list[JobStatus]:
    """Those that wait or run.

    Raises:
        Unavailable: the engine did not answer.
    """
    if mute := [one for one in found if one.state is JobState.UNKNOWN and one.said != FORGOTTEN]:
        raise Unavailable(mute[0].said)
    return [one for one in found if one.state in {JobState.QUEUED, JobState.ACTIVE}]


class PoolEngine(Protocol):
    """Starts and stops processes; none of its calls waits for one of them to begin.

    A worker is told its number in the variable `SWF_WORKER_NUMBER`, by the engine.
    """

    @property
    def name(self) -> str:
        """What it is called in the configuration."""

    def probe(self) -> str:
        """What answers, in its own words.

        Raises:
            Unavailable: nothing does.
        """

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Start processes; those of this pool that have these numbers are answered, not started again.

        Raises:
            Unavailable: the engine does not answer; some may have been started, so say it again.
            Refused: the engine does not take them, in its own words.
        """

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """How each is, in the order asked; UNKNOWN for all when the engine does not answer."""

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """Ask them to end, and end those that still run after `grace_s`; returns when that is done.

        Raises:
            Unavailable: the engine does not answer.
        """

    def adopt(self, pool_id: str) -> list[Handle]:
        """All processes of a pool that the engine still knows, whoever started them; ascending numbers.

        Raises:
            Unavailable: the engine does not answer.
        """


_MARK = "swf-"


def job_name(pool_id: str, number: int) -> str:
    """What people see in the engine."""
    return f"{_MARK}{pool_id}.{number:06d}"


def number_of(name: str, pool_id: str) -> int | None:
    """The number in a name made by `job_name`; None for any other."""
    begin = f"{_MARK}{pool_id}."
    digits = name.removeprefix(begin)
    return int(digits) if name.startswith(begin) and digits.isascii() and digits.isdigit() else None


def check_pool_id(pool_id: str) -> str:
    """The id, if it may stand in names of jobs and folders; else `BadInput`."""
    plain = pool_id.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isascii() or not plain.isalnum() or len(pool_id) > 100 or not pool_id[0].isalnum():
        raise BadInput("pool_id", pool_id, "must be up to 100 of A-Z a-z 0-9 _ . -, first a letter or digit")
    return pool_id
