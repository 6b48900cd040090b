"""Payloads that are programs: each piece of work in a private folder and a process group of its own."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from swf_testbed.config.environment import child_environment
from swf_testbed.config.payloads import Command, Eicrecon
from swf_testbed.model.errors import SwfError, readable
from swf_testbed.payloads.function import understood
from swf_testbed.payloads.outcome import ExitCode, Outcome, code_of, ended_by, failed
from swf_testbed.payloads.replicas import first_that_can_be_read
from swf_testbed.payloads.time_left import time_left
from swf_testbed.payloads.work import Work

DESCRIPTION, RESULT, LOG = "slice.json", "result.json", "log.txt"
"""The files of a private folder: what is to be done, the answer, and what the program printed."""

RESULT_BYTES = 64 * 1024 * 1024
_ALWAYS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
_TERM_S = 5.0
_LOG_END = 2000

_MEANING = {
    ExitCode.BAD_DATA: "bad data",
    ExitCode.NO_INPUT: "the input cannot be read",
    ExitCode.TRY_LATER: "try later",
    ExitCode.TIMED_OUT: "timed out",
}


class CommandPayload:
    """A program with its arguments, which may depend on the work.

    Args:
        words: the argument list for a piece of work; `BadInput` if it cannot be done.
        definition: timeout and variables to be inherited.
        scratch: where private folders are made.
        keep: where the folder of work that is done is moved; None keeps nothing.
    """

    def __init__(
        self,
        words: Callable[[Work], Sequence[str]],
        definition: Command | Eicrecon,
        scratch: Path,
        keep: Path | None,
    ) -> None:
        self._words, self._definition, self._scratch, self._keep = words, definition, scratch, keep
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def run(self, work: Work) -> Outcome:
        """Do a piece of work; how it ended."""
        return first_that_can_be_read(work, self._run)

    def _run(self, work: Work) -> Outcome:
        began = time.monotonic()
        self._scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="work-", dir=self._scratch))
        try:
            outcome = self._in_folder(work, folder)
            if outcome.done and self._keep is not None:
                return Outcome(
                    outcome.code, outcome.result, outcome.histograms,
                    folder=_moved(folder, self._keep / folder_name(work)),
                    seconds=time.monotonic() - began,
                )  # fmt: skip
            return Outcome(
                outcome.code, outcome.result, outcome.histograms, outcome.error,
                seconds=time.monotonic() - began,
            )  # fmt: skip
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _in_folder(self, work: Work, folder: Path) -> Outcome:
        (folder / DESCRIPTION).write_text(work.model_dump_json(indent=1), "utf-8")
        limit_s = time_left(work, self._definition.timeout)
        if limit_s <= 0:
            return failed(ExitCode.TIMED_OUT, "its deadline had passed before it began")
        try:
            returncode = self._program(self._words(work), folder, limit_s)
        except SwfError as error:
            return failed(code_of(error), str(error))
        except OSError as error:
            return failed(ExitCode.TRY_LATER, f"cannot be started: {error}")
        if returncode is None:
            return failed(ExitCode.TIMED_OUT, f"did not end within {limit_s:.1f} s")
        if returncode != ExitCode.DONE:
            code, words = ended_by(returncode)
            meaning = f" ({_MEANING[ExitCode(code)]})" if code in _MEANING else ""
            return failed(code, readable(f"{words}{meaning}; {_end_of_log(folder)}"))
        return self._answer(folder)

    def _program(self, words: Sequence[str], folder: Path, limit_s: float) -> int | None:
        """Its exit code; None if it had to be ended."""
        with (folder / LOG).open("wb") as log, self._lock:
            if self._closed:
                return -signal.SIGTERM
            process = self._process = subprocess.Popen(
                list(words),
                cwd=folder,
                env=self._environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end_group(process)
            self._process = None

    def _environment(self, folder: Path) -> dict[str, str]:
        ours = child_environment()
        names = {*_ALWAYS, *self._definition.environment}
        allowed = {name: value for name, value in ours.items() if name in names}
        return {**allowed, "SWF_WORK": str(folder / DESCRIPTION)}

    def _answer(self, folder: Path) -> Outcome:
        """The program's own, or that of a program that does not know us: how many bytes it left."""
        path = folder / RESULT
        if isinstance(self._definition, Eicrecon):
            made = folder / self._definition.output
            if not made.is_file():
                return failed(ExitCode.FAILED, f"it left no {made.name}; {_end_of_log(folder)}")
            path.write_text(json.dumps({"outputs": {made.name: made.stat().st_size}}), "utf-8")
        return read_result(path)

    def close(self) -> None:
        """End the program, whatever it does."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            _end_group(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_result(path: Path) -> Outcome:
    """What a program answers in `result.json`; a failure if it is none."""
    try:
        if path.stat().st_size > RESULT_BYTES:
            return failed(ExitCode.FAILED, f"{path.name} is larger than {RESULT_BYTES} bytes")
        answered: Any = json.loads(path.read_bytes())
        return understood(answered)
    except FileNotFoundError:
        return failed(ExitCode.FAILED, f"it ended well and left no {path.name}")
    except (ValueError, RecursionError) as error:
        return failed(ExitCode.FAILED, f"{path.name} is no JSON: {error}")
    except SwfError as error:
        code = code_of(error)
        return failed(ExitCode.FAILED if code is ExitCode.BAD_DATA else code, f"{path.name}: {error}")


def folder_name(work: Work) -> str:
    """The name of the folder in which the files of a piece of work are kept."""
    return work.name.replace("/", "_").replace("#", "_")


def _moved(folder: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    if to.exists():  # of an earlier try, that was done too
        shutil.rmtree(to)
    folder.rename(to)
    return to


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of a program and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_TERM_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end_of_log(folder: Path) -> str:
    text = (folder / LOG).read_bytes()[-_LOG_END:].decode("utf-8", "replace").strip()
    return f"it said: {text}" if text else "it said nothing"
