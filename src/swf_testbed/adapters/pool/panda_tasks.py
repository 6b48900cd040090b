"""Tasks of workers: what PanDA is told of one, and a note of each that it was told, or may have been."""

import json
import re
import secrets
import shlex
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from swf_testbed.adapters.panda.task import common_parameters
from swf_testbed.adapters.pool.protocol import WorkerSpec, check_pool_id, job_name
from swf_testbed.config.panda import Panda

_NUMBER = re.compile(r"SWF_WORKER_NUMBER(?:=|%3D)(\d+)")


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """A task of one job for each number from `first` to `last`.

    Args:
        name: by which PanDA finds it again; never used twice.
        parameters: what PanDA is told.
        submitted_at: s since 1970.
        number: PanDA's; None as long as its answer is missing.
        ending: workers whose end PanDA is yet to be told.
        disowned: nobody knew of it when it was made, so that it only waits for its end.
        over_at: when the last of its jobs was seen to have ended, s since 1970.
    """

    pool_id: str
    first: int
    last: int
    name: str
    parameters: dict[str, Any]
    submitted_at: float
    number: int | None = None
    ending: tuple[int, ...] = ()
    disowned: bool = False
    over_at: float | None = None

    @property
    def numbers(self) -> range:
        """Of its workers."""
        return range(self.first, self.last + 1)


def new_task(pool_id: str, numbers: range, spec: WorkerSpec, rules: Panda, user: str) -> WorkerTask:
    """One that has not been submitted; its name is of this moment alone, as PanDA forgets none."""
    first, last = numbers[0], numbers[-1]
    name = f"user.{user}.{job_name(pool_id, first)}-{last:06d}.{secrets.token_hex(4)}"
    return WorkerTask(pool_id, first, last, name, _parameters(name, numbers, spec, rules), time.time())


def _parameters(name: str, numbers: range, spec: WorkerSpec, rules: Panda) -> dict[str, Any]:
    memory = {} if spec.memory_mb is None else {"ramCount": -(-spec.memory_mb // spec.cores)}
    return {
        **common_parameters(name, rules),
        **memory,
        "transPath": rules.pool_transformation,
        "coreCount": spec.cores,
        "walltime": round(spec.walltime_s),
        "noInput": True,
        "nEvents": len(numbers),
        "nEventsPerJob": 1,
        # A job is a worker: another with the same number is never to begin by itself.
        "maxAttempt": 1,
        "jobParameters": _job_parameters(numbers[0], spec),
    }


def _job_parameters(first: int, spec: WorkerSpec) -> list[dict[str, Any]]:
    """As prun says a command: percent-encoded, with the number that each job has of its own.

    `SEQNUMBER` counts up from `offset` over the jobs of a task.
    """
    told = shlex.join(["exec", "env", *(f"{name}={value}" for name, value in spec.environment.items())])
    return [
        {"type": "constant", "value": '-j "" -p "', "padding": False},
        {"type": "constant", "value": quote(f"{told} SWF_WORKER_NUMBER="), "padding": False},
        {
            "type": "template",
            "param_type": "pseudo_input",
            "dataset": "seq_number",
            "value": "${SEQNUMBER}",
            "offset": first,
            "padding": False,
        },
        {"type": "constant", "value": quote(f" {shlex.join(spec.argv)}"), "padding": False},
        {"type": "constant", "value": '"'},
    ]


def worker_number(parameters: str) -> int | None:
    """Which worker a job is, by what its transformation is given."""
    found = _NUMBER.search(parameters)
    return int(found[1]) if found else None


class TaskNotes:
    """A file for each task, written before PanDA is told of it: after a crash its name is known."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, pool_id: str) -> list[WorkerTask]:
        """All that are kept of a pool, ascending."""
        paths = sorted((self._folder / check_pool_id(pool_id)).glob("*.json"))
        return sorted((_read(path) for path in paths), key=lambda task: task.first)

    def all(self) -> Iterator[WorkerTask]:
        """All that are kept."""
        return (_read(path) for path in sorted(self._folder.glob("*/*.json")))

    def keep(self, task: WorkerTask) -> WorkerTask:
        """Write it down, in place of what was known of it; the same task."""
        path = self._path(task)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(task)), "utf-8")
        part.replace(path)
        return task

    def drop(self, task: WorkerTask) -> None:
        """Forget it."""
        self._path(task).unlink(missing_ok=True)

    def _path(self, task: WorkerTask) -> Path:
        return self._folder / task.pool_id / f"{task.name}.json"


def _read(path: Path) -> WorkerTask:
    found = WorkerTask(**json.loads(path.read_text("utf-8")))
    return replace(found, ending=tuple(found.ending))
