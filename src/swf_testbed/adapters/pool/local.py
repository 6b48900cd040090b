"""Workers as processes of this machine, that outlive whoever started them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from swf_testbed.adapters.pool.protocol import Handle, JobState, JobStatus, WorkerSpec, check_pool_id
from swf_testbed.config.environment import child_environment
from swf_testbed.model.errors import Unavailable

_MINDER = Path(__file__).with_name("minder.py")
_POLL_S = 0.05
_START_S = 30.0
_MINDER_PLACE = 1
"""In the note of process numbers, after the worker's."""


class LocalEngine:
    """Keeps notes of each worker in `folder/POOL`: that it was started, as what process, how it ended."""

    name = "local"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def probe(self) -> str:
        """This machine."""
        return f"this machine, {os.cpu_count()} cores"

    def launch(self, pool_id: str, numbers: Sequence[int], spec: WorkerSpec) -> list[Handle]:
        """Start processes; those that were started before are answered, not started again."""
        folder = self._folder / check_pool_id(pool_id)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return [self._launch(Handle(pool_id, number, str(number)), spec) for number in numbers]
        except OSError as error:
            raise Unavailable(f"a worker cannot be started: {error}") from None

    def _launch(self, handle: Handle, spec: WorkerSpec) -> Handle:
        notes = self._notes(handle)
        try:
            with notes.with_suffix(".job").open("x", encoding="utf-8") as stream:
                json.dump({"argv": spec.argv, "labels": dict(spec.labels)}, stream)
        except FileExistsError:
            return handle
        spec.folder.mkdir(parents=True, exist_ok=True)
        log = spec.folder / f"{handle.name}.log"
        environment = child_environment({**spec.environment, "SWF_WORKER_NUMBER": str(handle.number)})
        command = [sys.executable, "-I", "-S", str(_MINDER), str(notes), str(log), *spec.argv]
        subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, check=True, timeout=_START_S,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return handle

    def status(self, handles: Sequence[Handle]) -> list[JobStatus]:
        """How each is."""
        return [self._status(handle) for handle in handles]

    def _status(self, handle: Handle) -> JobStatus:
        notes = self._notes(handle)
        code = _number(notes.with_suffix(".exit"))
        if code is None and self._process(handle, _MINDER_PLACE) is not None:
            return JobStatus(handle, JobState.ACTIVE, said=f"process {_number(notes.with_suffix('.pid'))}")
        code = _number(notes.with_suffix(".exit"))  # it may just have ended
        if code is None:
            return JobStatus(handle, JobState.FAILED, said="gone without a word; was the machine restarted?")
        if notes.with_suffix(".stop").exists() and code != 0:
            return JobStatus(handle, JobState.CANCELLED, code, _words(code))
        return JobStatus(handle, JobState.DONE if code == 0 else JobState.FAILED, code, _words(code))

    def stop(self, handles: Sequence[Handle], grace_s: float) -> None:
        """Ask them to end, and kill those that have not after `grace_s`."""
        left = [handle for handle in handles if self._process(handle) is not None]
        for handle in left:
            self._notes(handle).with_suffix(".stop").touch()
            self._signal(handle, signal.SIGTERM)
        until = time.monotonic() + grace_s
        while left and time.monotonic() < until:
            time.sleep(_POLL_S)
            left = [handle for handle in left if self._process(handle) is not None]
        for handle in left:
            self._signal(handle, signal.SIGKILL)

    def adopt(self, pool_id: str) -> list[Handle]:
        """All that were started."""
        found = (self._folder / check_pool_id(pool_id)).glob("*.job")
        return sorted(Handle(pool_id, int(path.stem), str(int(path.stem))) for path in found)

    def _notes(self, handle: Handle) -> Path:
        return self._folder / handle.pool_id / f"{handle.number:06d}"

    def _process(self, handle: Handle, place: int = 0) -> psutil.Process | None:
        """The process, or the one that minds it, if it lives; its number may long be another's."""
        notes = self._notes(handle).with_suffix(".pid")
        pid = _number(notes, place)
        if pid is None or notes.with_suffix(".exit").exists():
            return None
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            ours = process.create_time() <= notes.stat().st_mtime + 1.0
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                return process
        return None

    def _signal(self, handle: Handle, number: int) -> None:
        process = self._process(handle)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)


def _number(path: Path, place: int = 0) -> int | None:
    try:
        return int(path.read_text("ascii").split()[place])
    except (OSError, ValueError, IndexError):
        return None


def _words(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"
