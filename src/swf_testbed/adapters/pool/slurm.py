"""Workers as jobs of a Slurm cluster, by its own programs: sbatch, squeue, scancel, sinfo."""

import math
import shlex
import time
from collections.abc import Sequence

from swf_testbed.adapters.pool.asking import ask
from swf_testbed.adapters.pool.protocol import (
    FORGOTTEN,
    Handle,
    JobState,
    JobStatus,
    WorkerSpec,
    check_pool_id,
    job_name,
    number_of,
    still_there,
)
from swf_testbed.model.errors import Refused, Unavailable

_STATES = {
    "PENDING": JobState.QUEUED,
    "CONFIGURING": JobState.QUEUED,
    "REQUEUED": JobState.QUEUED,
    "REQUEUE_HOLD": JobState.QUEUED,
    "RESV_DEL_HOLD": JobState.QUEUED,
    "SPECIAL_EXIT": JobState.QUEUED,
    "RUNNING": JobState.ACTIVE,
    "COMPLETING": JobState.ACTIVE,
    "SUSPENDED": JobState.ACTIVE,
    "STOPPED": JobState.ACTIVE,
    "SIGNALING": JobState.ACTIVE,
    "STAGE_OUT": JobState.ACTIVE,
    "COMPLETED": JobState.DONE,
    "CANCELLED": JobState.CANCELLED,
    "PREEMPTED": JobState.CANCELLED,
    "REVOKED": JobState.CANCELLED,
    "FAILED": JobState.FAILED,
    "TIMEOUT": JobState.FAILED,
    "OUT_OF_MEMORY": JobState.FAILED,
    "NODE_FAIL": JobState.FAILED,
    "BOOT_FAIL": JobState.FAILED,
    "DEADLINE": JobState.FAILED,
}

_FIELDS = "JobID:30,Name:200,State:20,Reason:60,exit_code:12"
_POLL_S = 0.2
_REFUSALS = ("Invalid", "invalid", "not permitted", "not available", "violates")
"""Words of sbatch after which saying it again does not help."""


class SlurmEngine:
    """One job a worker, known by its name, so that no number is started twice.

    Args:
        options: for sbatch, as `--partition=NAME`.
    """

    name = "slurm"

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)

    def probe(self) -> str:
        """The partitions, and how many nodes of each are up."""
        said = ask(["sinfo", "--noheader", "--format=%P %a %D nodes %t"])
        return "; ".join(line.strip() for line in said.splitlines()) or "no partitions"

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Submit a job for each number that has none."""
        known = {handle.number: handle for handle in self.adopt(pool_id)}
        spec.folder.mkdir(parents=True, exist_ok=True)
        return [known.get(number) or self._submit(pool_id, number, spec) for number in numbers]

    def _submit(self, pool_id: str, number: int, spec: WorkerSpec) -> Handle:
        name = job_name(pool_id, number)
        words = [
            "sbatch",
            "--parsable",
            f"--job-name={name}",
            f"--output={spec.folder / name}.log",
            f"--chdir={spec.folder}",
            "--ntasks=1",
            f"--cpus-per-task={spec.cores}",
            f"--time={max(1, math.ceil(spec.walltime_s / 60))}",
            # The job is the worker: another with the same number is never to begin by itself.
            "--no-requeue",
            "--export=ALL",
        ]
        if spec.memory_mb is not None:
            words.append(f"--mem={spec.memory_mb}M")
        if spec.labels:
            words.append("--comment=" + ",".join(f"{key}={value}" for key, value in spec.labels.items()))
        try:
            said = ask([*words, *self._options], text=_script(number, spec))
        except Unavailable as error:
            if any(word in str(error) for word in _REFUSALS):
                raise Refused(str(error)) from None
            raise
        return Handle(pool_id, number, said.strip().partition(";")[0])

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """How each is; a job that Slurm has forgotten (it does so some minutes after its end) is UNKNOWN."""
        if not handles:
            return []
        try:
            rows = {row[0]: row for row in _rows(["--jobs=" + ",".join(one.job_id for one in handles)])}
        except Unavailable as error:
            if "Invalid job id" not in str(error):  # so says squeue of one that it has forgotten
                return [JobStatus(handle, JobState.UNKNOWN, said=str(error)) for handle in handles]
            rows = {}
        return [_status(handle, rows.get(handle.job_id)) for handle in handles]

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """SIGTERM to the job's processes, then its cancellation."""
        left = still_there(self.status(handles))
        queued = [one for one in left if one.state is JobState.QUEUED]
        if queued:  # there is nobody to be asked
            _cancel([one.handle for one in queued])
        left = [one for one in left if one.state is not JobState.QUEUED]
        if left and grace_s > 0:
            _cancel([one.handle for one in left], "--signal=TERM", "--full")
        until = time.monotonic() + grace_s
        while left and time.monotonic() < until:
            time.sleep(_POLL_S)
            left = still_there(self.status([one.handle for one in left]))
        if left:
            _cancel([one.handle for one in left])

    def adopt(self, pool_id: str) -> list[Handle]:
        """All jobs of this user with the pool's name that Slurm has not forgotten."""
        check_pool_id(pool_id)
        found: dict[int, Handle] = {}
        for job_id, name, *_ in _rows(["--me"]):
            number = number_of(name, pool_id)
            if number is not None:
                found[number] = Handle(pool_id, number, job_id)
        return sorted(found.values())


def _script(number: int, spec: WorkerSpec) -> str:
    exports = {**spec.environment, "SWF_WORKER_NUMBER": str(number)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    return "\n".join(["#!/bin/sh", *lines, f"exec {shlex.join(spec.argv)}", ""])


def _rows(which: Sequence[str]) -> list[list[str]]:
    """Id, name, state, reason and exit code of jobs, those that have ended too."""
    said = ask(["squeue", "--noheader", "--states=all", f"--Format={_FIELDS}", *which])
    rows = [line.split() for line in said.splitlines()]
    return [row for row in rows if len(row) >= 3]


def _status(handle: Handle, row: list[str] | None) -> JobStatus:
    if row is None:
        return JobStatus(handle, JobState.UNKNOWN, said=FORGOTTEN)
    word = row[2]
    state = _STATES.get(word, JobState.UNKNOWN)
    code = _exit_code(row[-1]) if state.over and len(row) > 3 else None
    if word == "COMPLETED":
        code = 0
    return JobStatus(handle, state, code, " ".join(row[2:4]))


def _exit_code(said: str) -> int | None:
    """From squeue: the wait status of the job as a number."""
    if not said.isdigit():
        return None
    status = int(said)
    return -(status & 0x7F) if status & 0x7F else status >> 8


def _cancel(handles: Sequence[Handle], *options: str) -> None:
    ask(["scancel", "--quiet", *options, *(handle.job_id for handle in handles)])
