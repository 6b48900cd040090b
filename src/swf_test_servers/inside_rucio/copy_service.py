"""Copies files between XRootD servers, asked in the language of FTS3's REST interface.

Test support: FTS3 has no package to install here. Rucio's conveyor talks to this as to the real one. A job
is a list of files; each is copied by `xrdcp`, that compares the checksum of what has arrived. Jobs are kept
in memory alone. Argument: the port.
"""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COPIES_AT_ONCE = 4
TIMEOUT_S = 60
PATIENCE = {"XRD_CONNECTIONWINDOW": "3", "XRD_CONNECTIONRETRY": "1", "XRD_REQUESTTIMEOUT": "20"}

jobs: dict[str, dict[str, Any]] = {}
lock = threading.Lock()
copiers = ThreadPoolExecutor(COPIES_AT_ONCE)


def submit(said: dict[str, Any]) -> str:
    """Take a job; its id."""
    job_id = str(uuid.uuid4())
    files = [
        {
            "file_state": "SUBMITTED",
            "source_surl": file["sources"][0],
            "dest_surl": file["destinations"][0],
            "file_metadata": file["metadata"],
            "checksum": file.get("checksum") or "",
            "reason": None,
            "start_time": None,
            "finish_time": None,
            "staging_start": None,
            "staging_finished": None,
        }
        for file in said["files"]
    ]
    with lock:
        jobs[job_id] = {"job_metadata": said["params"].get("job_metadata") or {}, "files": files}
    for file in files:
        copiers.submit(copy, file)
    return job_id


def copy(file: dict[str, Any]) -> None:
    """Copy one file, and keep what came of it."""
    file.update(file_state="ACTIVE", start_time=stamp())
    checksum = file["checksum"].lower()
    compared = ["--cksum", checksum] if checksum.startswith("adler32:") else []
    command = ["xrdcp", "--force", "--silent", *compared, file["source_surl"], file["dest_surl"]]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **PATIENCE},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        problem = " ".join((done.stderr or f"xrdcp ended with {done.returncode}").replace("\0", " ").split())
        worked = done.returncode == 0
    except subprocess.TimeoutExpired:
        worked, problem = False, f"TRANSFER timed out after {TIMEOUT_S} s"
    file["finish_time"] = stamp()
    if worked:
        file["file_state"] = "FINISHED"
    else:
        file.update(reason=f"TRANSFER {problem}", file_state="FAILED")


def stamp() -> str:
    """The time as FTS writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def told(job_id: str) -> dict[str, Any]:
    """A job as FTS tells of it."""
    with lock:
        job = jobs.get(job_id)
    if job is None:
        return {"job_id": job_id, "http_status": "404 Not Found", "http_message": "no such job"}
    files = [dict(file) for file in job["files"]]
    states = {file["file_state"] for file in files}
    if not states <= {"FINISHED", "FAILED"}:
        state = "ACTIVE"
    else:
        state = states.pop() if len(states) == 1 else "FINISHEDDIRTY"
    said = {"job_id": job_id, "job_state": state, "job_type": "N", "http_status": "200 Ok"}
    return {**job, **said, "files": files}


class Asked(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Who serves, or how jobs stand."""
        path = self.path.partition("?")[0].strip("/")
        if path == "whoami":
            self.answer(200, {"base_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "swf")), "vos": ["swf"]})
        elif path.startswith("jobs/"):
            answers = [told(one) for one in path.removeprefix("jobs/").split(",")]
            missing = any(one["http_status"] != "200 Ok" for one in answers)
            self.answer(207 if missing else 200, answers if len(answers) > 1 else answers[0])
        else:
            self.answer(200, {"api": {"major": 3}})

    def do_POST(self) -> None:
        """A new job, or a new priority, which all have."""
        said = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.strip("/") == "jobs":
            self.answer(200, {"job_id": submit(json.loads(said))})
        else:
            self.answer(200, {})

    def do_DELETE(self) -> None:
        """A job is to end: it does soon anyhow."""
        self.answer(200, {})

    def answer(self, status: int, what: object) -> None:
        """Answer with a document."""
        text = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words: object) -> None:
        """Nothing: asked several times a second."""


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Asked).serve_forever()
