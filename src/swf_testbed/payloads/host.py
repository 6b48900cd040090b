"""A process beside the worker's that runs Python payloads: a crash or a hang takes no worker down."""

import multiprocessing
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Self

from swf_testbed.payloads.hosted import serve
from swf_testbed.payloads.outcome import ExitCode, Outcome, ended_by, failed
from swf_testbed.payloads.replicas import first_that_can_be_read
from swf_testbed.payloads.time_left import time_left
from swf_testbed.payloads.work import Work

_START_S = 60.0
_END_S = 5.0


class HostedPayload:
    """A Python function, called in a process of its own that lives on from one piece of work to the next.

    Args:
        function: `module:function`.
        timeout_s: for one piece of work; a process that takes longer is killed.
    """

    def __init__(self, function: str, timeout_s: float) -> None:
        self._function, self._timeout_s = function, timeout_s
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._lock = threading.Lock()
        self._closed = self._answered = False
        self._start()

    def run(self, work: Work) -> Outcome:
        """Do a piece of work; how it ended."""
        return first_that_can_be_read(work, self._run)

    def _run(self, work: Work) -> Outcome:
        limit_s = time_left(work, self._timeout_s)
        if limit_s <= 0:
            return failed(ExitCode.TIMED_OUT, "its deadline had passed before it began")
        began = time.monotonic()
        pipe = self._ready()
        if pipe is None:
            return failed(ExitCode.TRY_LATER, "the payload's process does not start")
        try:
            pipe.send(work.model_dump(mode="json"))
            if not pipe.poll(limit_s):
                self._end()
                return failed(ExitCode.TIMED_OUT, f"did not end within {limit_s:.1f} s")
            answer: dict[str, Any] = pipe.recv()
        except (EOFError, OSError):
            return self._crashed()
        return Outcome(**answer, seconds=time.monotonic() - began)

    def _ready(self) -> Connection | None:
        """The pipe of a process that is there; a new one is waited for, which is no part of the work."""
        with self._lock:
            if self._closed:
                return None
            if self._process is None or not self._process.is_alive():
                self._start()
            pipe = self._pipe
        if pipe is not None and not self._answered:
            try:
                self._answered = pipe.poll(_START_S) and pipe.recv() == "ready"
            except (EOFError, OSError):
                return None
        return pipe if self._answered else None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads hold
        ours, theirs = context.Pipe()
        self._answered = False
        self._process = context.Process(
            target=serve, args=(theirs, self._function), name="payload", daemon=True
        )
        self._process.start()
        theirs.close()
        self._pipe = ours

    def _crashed(self) -> Outcome:
        process = self._process
        if self._closed or process is None:
            return failed(ExitCode.TRY_LATER, "the worker ends")
        process.join(_END_S)
        code, words = ended_by(process.exitcode or 0)
        self._end()
        return failed(code or ExitCode.FAILED, f"the payload's process {words}")

    def _end(self) -> None:
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if process is not None:
            process.kill()
            process.join(_END_S)
        if pipe is not None:
            pipe.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            self._closed = True
            process = self._process
            if process is not None:
                process.kill()
                process.join(_END_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
