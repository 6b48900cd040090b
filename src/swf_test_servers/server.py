"""What all servers have in common: a folder, a port, a process."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from swf_test_servers.ports import free_port
from swf_test_servers.users import as_ordinary_user, hand_over

PATIENCE_S = 240.0
_LOOK_S = 0.05


class Server:
    """A program that listens on a port of this machine.

        with Redis() as redis:
            redis.kill()
            redis.start()       # same data, same port

    A server has `prepare`, that fills its folder once, and `command`.
    """

    host = "127.0.0.1"
    name = "server"
    last_word = signal.SIGTERM
    """What it ends by, the orderly way."""

    def __init__(self) -> None:
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(
            prefix=f"swf-{self.name}-".lower().replace(" ", "-"), ignore_cleanup_errors=True
        )
        self.folder = Path(self._temporary.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._prepared = False

    def prepare(self) -> None:
        """Write what the program needs into the folder."""

    def command(self) -> list[str]:
        """What to run."""
        raise NotImplementedError

    def launch(self) -> list[str]:
        """`command`, as an ordinary user runs it."""
        return [*as_ordinary_user(), *self.command()]

    def answers(self) -> bool:
        """Whether it does its work; that something listens on its port is enough for most."""
        with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1.0):
            return True
        return False

    @property
    def log(self) -> str:
        """What the program has written, in all its lives."""
        return (self.folder / "output").read_text("utf-8", "replace")

    @property
    def pid(self) -> int:
        """The process that listens."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    def make_ready(self) -> None:
        """Let it be prepared, once; of itself it is when it starts."""
        if not self._prepared:
            self.prepare()
            hand_over(self.folder)
            self._prepared = True

    def start(self) -> Self:
        """Start; returns when it answers."""
        self.make_ready()
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                self.launch(),
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own, to stop, pause and kill with all that it started.
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE_S
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"{self.name} did not start: {self.log[-4000:]}")
            time.sleep(_LOOK_S)
        return self

    def stop(self) -> None:
        """End it the orderly way; does nothing if it does not run."""
        self._end(self.last_word)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it stand still: connections stay open, nothing is answered."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        os.killpg(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # To its head alone if in order, who ends the others; what is paused hears nothing before it goes on.
        tell = os.killpg if how is signal.SIGKILL else os.kill
        tell(process.pid, how)
        os.killpg(process.pid, signal.SIGCONT)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self._temporary.cleanup()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._temporary.cleanup()
