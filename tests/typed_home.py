"""A home folder on ports of its own, in which commands are typed as a reader of the documents types them."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from swf_test_servers import own_home

TIMEOUT_S = 240
_CTRL_C = (130, -signal.SIGINT)


class Begun:
    """A program that goes on, and what it has said so far on stdout and stderr."""

    def __init__(self, what: str, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        self._what, self._process, self._output = what, process, process.stdout
        self.said = ""

    def until(self, words: str) -> str:
        """Wait until it has said some words; all that it has said."""
        last = time.monotonic() + TIMEOUT_S
        while words not in self.said:
            ready, _, _ = select.select([self._output], [], [], max(0, last - time.monotonic()))
            piece = os.read(self._output.fileno(), 65536) if ready else b""
            assert piece, f"{self._what}: it has not said {words!r}:\n{self.said}"
            self.said += piece.decode("utf-8", "replace")
        return self.said

    def ctrl_c(self, codes: tuple[int, ...] = _CTRL_C) -> str:
        """End it as a terminal does; all that it has said."""
        os.killpg(self._process.pid, signal.SIGINT)
        self.said += self._process.communicate(timeout=TIMEOUT_S)[0].decode("utf-8", "replace")
        code = self._process.returncode
        assert code in codes, f"{self._what}: exit code {code} after Ctrl-C:\n{self.said}"
        return self.said


def needs(program: str) -> None:
    """Skip the test where a program of the reader's is not installed; in CI it fails."""
    if shutil.which(program) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")


@dataclass(frozen=True)
class TypedHome:
    """Runs commands in a folder, with the testbed's programs in the PATH."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, path: Path) -> Self:
        """A testbed's, with nothing in it yet."""
        return cls.of(path, {**os.environ, "HOME": str(path), **own_home(path)})

    @classmethod
    def of(cls, path: Path, environment: Mapping[str, str]) -> Self:
        """Any folder, in an environment."""
        programs = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
        return cls(path, {**environment, "PATH": programs})

    def having(self, **environment: str) -> Self:
        """The same home with these variables besides."""
        return replace(self, environment={**self.environment, **environment})

    def typed(self, commands: str, codes: tuple[int, ...] = (0,), pasted: str = "") -> str:
        """What commands print; the first that fails ends them, with an exit code that is one of `codes`."""
        done = self.run(["/bin/sh", "-e", "-x", "-c", commands], pasted)
        assert done.returncode in codes, f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, command: list[str], pasted: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a program to its end."""
        return subprocess.run(
            command,
            check=False,
            cwd=self.path,
            env=self.environment,
            input=pasted,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            # Without a terminal: what asks for a password reads what is pasted.
            start_new_session=True,
        )

    @contextmanager
    def beside(self, command: list[str], what: str) -> Iterator[Begun]:
        """A program that goes on beside others, stderr in its stdout; its group ends with the `with`."""
        process = subprocess.Popen(
            command,
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            start_new_session=True,
        )
        with process:
            try:
                yield Begun(what, process)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
