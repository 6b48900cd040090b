"""The command line in a home folder and on ports of its own, driven as a user drives it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from swf_test_servers import own_home

TIMEOUT_S = 120


@dataclass(frozen=True)
class Home:
    """Runs `testbed` with this environment."""

    path: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, path: Path) -> "Home":
        """A new one, with nothing in it."""
        path.mkdir()
        return cls(path, {**os.environ, "HOME": str(path), **own_home(path)})

    @contextmanager
    def started(self, *words: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that runs beside the test, and not longer than it."""
        process = subprocess.Popen(
            # A test run in the background of a shell ignores SIGINT, and its children with it.
            ["/usr/bin/env", "--default-signal=INT", sys.executable, "-m", "swf_testbed.cli.main", *words],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def do(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        with self.started(*words, **environment) as process:
            out, err = process.communicate(timeout=TIMEOUT_S)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(words, process.returncode, out, err)
