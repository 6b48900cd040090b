"""A PanDA server with the recorded semantics of a real one (`contract.json`), which tests move on themselves.

Not a PanDA: it brokers and runs nothing. `brokerage()` stands for JEDI's cycle, `run_job` for a pilot.
"""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from swf_test_servers.recorded_jobs import OVER, Job, Task

TOKEN = "good-token"  # noqa: S105  # of a server of tests
"""The one that is taken."""


class RecordedPanda:
    """The state, and what each endpoint answers."""

    def __init__(self) -> None:
        self.tasks: dict[int, Task] = {}
        self.jobs: dict[int, Job] = {}
        self.datasets: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self.next_task, self.next_job = 8, 11
        self.down = False
        self.lock = threading.RLock()

    # What a test does.

    def brokerage(self) -> None:
        """JEDI's cycle: tasks become known, and jobs are made of events or of new files."""
        with self.lock:
            for task in self.tasks.values():
                if task.status in {"registered", "running"}:
                    task.visible, task.status = True, "running"
                    self._make_jobs(task)
                self._end(task)

    def _make_jobs(self, task: Task) -> None:
        mine = [job for job in self.jobs.values() if job.task == task.number]
        if task.parameters.get("noInput"):
            wanted = task.parameters["nEvents"] // task.parameters["nEventsPerJob"]
            for place in range(len(mine), wanted):
                self._new_job(task, (), place=place)
            return
        taken = {name for job in mine for name in job.inputs}
        for name in self.datasets.get(task.dataset or "", []):
            if name not in taken:
                self._new_job(task, (name,))

    def _new_job(self, task: Task, inputs: tuple[str, ...], attempt: int = 1, place: int = 0) -> None:
        told = task.told(inputs, place)
        self.jobs[self.next_job] = Job(self.next_job, task.number, inputs, parameters=told, attempt=attempt)
        self.next_job += 1

    def _end(self, task: Task) -> None:
        mine = [job for job in self.jobs.values() if job.task == task.number]
        if task.soft_finish and all(job.status in OVER for job in mine):
            task.status = "done" if all(job.status == "finished" for job in mine) else "finished"

    def run_job(self, inputs: str, status: str, **fields: Any) -> None:
        """A pilot ends the newest job of a file; a failed one is tried again up to `maxAttempt` times."""
        with self.lock:
            job = [one for one in self.jobs.values() if inputs in one.inputs][-1]
            job.status, job.fields, job.host = status, fields, "wn1"
            task = self.tasks[job.task]
            if status == "failed" and job.attempt < task.parameters.get("maxAttempt", 1):
                self._new_job(task, job.inputs, job.attempt + 1)
            self._end(task)

    # What the server does.

    def answer(
        self, method: str, path: str, headers: dict[str, str], said: dict[str, Any]
    ) -> tuple[int, dict[str, Any] | str]:
        """Status and body of the answer to a request."""
        with self.lock:
            self.asked.append(path)
            endpoint = path.removeprefix("/api/v1/")
            if path.startswith("/server/panda/"):
                return 403, f"ERROR : method {path.rsplit('/', 1)[-1]} is forbidden"
            if endpoint == "system/is_alive":
                return 200, _good(None)
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return 403, "ERROR : Token authentication failed. Invalid token."
            role = headers.get("Origin", "")
            if endpoint.startswith("task/") and role.endswith(".production"):
                group = role.replace(".", "/")
                return 403, f"ERROR : Token authentication failed. Not a member of the {group} group"
            wanted, handler = _ENDPOINTS[endpoint]
            if method != wanted:
                return 200, _bad(f"expecting {wanted}, received {method}")
            return 200, handler(self, role, said)

    def _task(self, said: dict[str, Any]) -> Task | None:
        task = self.tasks.get(int(said["task_id"]))
        return task if task is not None and task.visible else None

    def _submit(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        if "task_parameters" not in said:
            return _bad("Argument error: missing a required argument: 'task_parameters'")
        parameters = said["task_parameters"]
        for task in self.tasks.values():
            if parameters.get("uniqueTaskName") and task.name == parameters["taskName"]:
                queued = f"jediTaskID={task.number} is already queued for outDS={task.name}."
                text = f"{queued} You cannot submit duplicated tasks. "
                return {"success": False, "message": text, "data": 1}
        task = Task(self.next_task, parameters)
        self.tasks[task.number] = task
        self.next_task += 1
        return _good(task.number, f"succeeded. new jediTaskID={task.number}")

    def _task_status(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        task = self._task(said)
        return _bad("Task not found") if task is None else _good(task.status)

    def _job_ids(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        number = int(said["task_id"])
        return _good(sorted((job.number for job in self.jobs.values() if job.task == number), reverse=True))

    def _job_status(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        numbers = said["job_ids"] if isinstance(said["job_ids"], list) else [said["job_ids"]]
        found = [self.jobs[int(number)] for number in numbers]
        return _good([{"command": job.command, "status": job.status} for job in found])

    def _details(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        task = self.tasks[int(said["task_id"])]
        mine = sorted(job.number for job in self.jobs.values() if job.task == task.number)
        return _good({"PandaID": mine, "status": task.status, "statistics": f"picked*{len(mine)}"})

    def _described(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        found = [self.jobs.get(int(number)) for number in said["job_ids"]]
        return _good([job.described(self.tasks[job.task]) if job else None for job in found])

    def _finish(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        task = self._task(said)
        if task is None:
            return _bad("Task not found")
        task.soft_finish = True
        self._end(task)
        return _good(
            0, f"command=finish is registered for task ID {task.number}. will be executed in a few minutes"
        )

    def _kill(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        task = self._task(said)
        if task is None:
            return _bad("Task not found")
        task.status = "aborting"
        for job in self.jobs.values():
            if job.task == task.number:
                job.kill()
        return _good(
            0, f"command=kill is registered for task ID {task.number}. will be executed in a few minutes"
        )

    def _kill_jobs(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        for number in said["job_ids"]:
            self.jobs[int(number)].kill()
        return _good([True] * len(said["job_ids"]))

    def _acquire(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        if not role.endswith(".production"):
            return _bad("no production/pilot role in VOMS FQANs or non pilot owner")
        waiting = [job for job in self.jobs.values() if job.status == "activated"]
        if said["site_name"] == "NOWHERE" or not waiting:
            return _bad("No jobs in PanDA")
        job = min(waiting, key=lambda one: one.number)
        job.status = "sent"
        return _good({"StatusCode": 0, "jobs": [job.given(self.tasks[job.task])]})

    def _update(self, role: str, said: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs[int(said["job_id"])]
        job.updated(said)
        return _good({"StatusCode": 0, "command": job.command or "NULL"})


Endpoint = Callable[[RecordedPanda, str, dict[str, Any]], dict[str, Any]]

_ENDPOINTS: dict[str, tuple[str, Endpoint]] = {
    "task/submit": ("POST", RecordedPanda._submit),
    "task/get_status": ("GET", RecordedPanda._task_status),
    "task/get_job_ids": ("GET", RecordedPanda._job_ids),
    "task/get_details": ("GET", RecordedPanda._details),
    "task/finish": ("POST", RecordedPanda._finish),
    "task/kill": ("POST", RecordedPanda._kill),
    "job/get_status": ("GET", RecordedPanda._job_status),
    "job/get_description_incl_archive": ("POST", RecordedPanda._described),
    "job/kill": ("POST", RecordedPanda._kill_jobs),
    "pilot/acquire_jobs": ("POST", RecordedPanda._acquire),
    "pilot/update_job": ("POST", RecordedPanda._update),
}


def _good(data: Any, message: str = "") -> dict[str, Any]:
    return {"success": True, "message": message, "data": data}


def _bad(message: str) -> dict[str, Any]:
    return {"success": False, "message": message, "data": None}


class _Handler(BaseHTTPRequestHandler):
    panda: RecordedPanda

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        said = {key: found[0] if len(found) == 1 else found for key, found in parse_qs(parts.query).items()}
        self._answer("GET", parts.path, said)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        json_said = self.headers.get("Content-Type", "").startswith("application/json")
        self._answer("POST", self.path, json.loads(body) if json_said and body else {})

    def _answer(self, method: str, path: str, said: dict[str, Any]) -> None:
        if self.panda.down:
            status, body = 502, "Bad Gateway"
        else:
            status, answered = self.panda.answer(method, path, dict(self.headers), said)
            body = answered if isinstance(answered, str) else json.dumps(answered)
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: tests read what is asked in `asked`."""


@contextmanager
def serving(panda: RecordedPanda) -> Iterator[str]:
    """Serve on a free port of loopback; the URL."""
    handler = type("Handler", (_Handler,), {"panda": panda})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
