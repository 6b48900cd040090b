"""Stands for JEDI, and for the pilots of a site: takes jobs of a recorded PanDA, and runs real processes."""

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

import httpx

from swf_test_servers.recorded_panda import TOKEN, RecordedPanda

_ROUND_S = 0.2
_KILL_S = 1.0
"""Between SIGTERM and SIGKILL."""

_COMMAND = re.compile(r'-p "([^"]*)"')
_KILLED = {"pilot_error_code": 1144, "pilot_error_diag": "killed by server"}


@dataclass
class _Running:
    job: int
    process: subprocess.Popen[bytes]
    kill_at: float | None = None

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Pilots:
    """As many slots as there are jobs; a context, at whose end no process is left.

    Args:
        panda: for JEDI's cycle.
        url: where it is asked for jobs.
        logs: what the processes print, a file a job.
    """

    def __init__(self, panda: RecordedPanda, url: str, logs: Path) -> None:
        self._panda, self._logs = panda, logs
        headers = {"Authorization": f"Bearer {TOKEN}", "Origin": "EIC.production"}
        self._client = httpx.Client(base_url=f"{url}/api/v1/pilot", headers=headers, trust_env=False)
        self._running: list[_Running] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="pilots")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for one in self._running:
            one.signal(signal.SIGKILL)
            one.process.wait()
        self._client.close()

    def _work(self) -> None:
        while not self._over.wait(_ROUND_S):
            self._panda.brokerage()
            with suppress(httpx.HTTPError):  # while the server is away, processes go on
                while job := self._acquire():
                    self._start(job)
                for one in list(self._running):
                    self._mind(one)

    def _ask(self, endpoint: str, said: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.post(endpoint, json=said).raise_for_status().json()
        data: dict[str, Any] | None = answer["data"]
        return data or {}

    def _acquire(self) -> dict[str, Any] | None:
        asked = {"site_name": "E1_BNL", "prod_source_label": "unified", "node": "wn1", "n_jobs": 1}
        jobs: list[dict[str, Any]] = self._ask("acquire_jobs", asked).get("jobs", [])
        return jobs[0] if jobs else None

    def _start(self, job: dict[str, Any]) -> None:
        """As `runGen` does it: the decoded command, in a shell."""
        found = _COMMAND.search(job["jobPars"])
        command = unquote(found[1]) if found else "exit 64"
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{job['jobName']}.log").open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                env={**os.environ, "PANDAID": str(job["PandaID"])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(_Running(job["PandaID"], process))

    def _mind(self, one: _Running) -> None:
        code = one.process.poll()
        said: dict[str, Any] = {"job_id": one.job, "node": "wn1", "attempt_nr": 1, "job_status": "running"}
        if code is not None:
            said["job_status"] = "failed" if code else "finished"
            said["trans_exit_code"] = code if code >= 0 else 128 - code
            if one.kill_at is not None:
                said |= _KILLED
        told = self._ask("update_job", said)
        if code is not None:
            self._running.remove(one)
        elif told["command"] == "tobekilled":
            self._kill(one)

    def _kill(self, one: _Running) -> None:
        if one.kill_at is None:
            one.kill_at = time.monotonic() + _KILL_S
            one.signal(signal.SIGTERM)
        elif time.monotonic() > one.kill_at:
            one.signal(signal.SIGKILL)
