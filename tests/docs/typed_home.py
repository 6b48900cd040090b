"""A home folder on ports of its own, in which commands are typed as a reader of the documents types them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from swf_test_servers import own_home

TIMEOUT_S = 200


@dataclass(frozen=True)
class TypedHome:
    """Runs shell commands with the testbed's programs in the PATH."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, path: Path) -> Self:
        """One with nothing in it yet."""
        own = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(path),
            **own_home(path),
        }
        return cls(path, {**os.environ, **own})

    def having(self, **environment: str) -> Self:
        """The same home with these variables besides."""
        return replace(self, environment={**self.environment, **environment})

    def typed(self, command: str, codes: tuple[int, ...] = (0,)) -> str:
        """What a command prints; its exit code is one of `codes`."""
        done = self.run(["/bin/sh", "-c", command], TIMEOUT_S)
        assert done.returncode in codes, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(
        self, command: list[str], timeout_s: float, pasted: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end."""
        return subprocess.run(
            command,
            check=False,
            cwd=self.path,
            env=self.environment,
            input=pasted,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )

    @contextmanager
    def beside(self, command: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
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
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
