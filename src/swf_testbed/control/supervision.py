"""One supervisord: started, asked and ended over its socket."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from xmlrpc.client import Fault, ProtocolError, ServerProxy

from supervisor.states import SupervisorStates
from supervisor.xmlrpc import Faults, SupervisorTransport, UnixStreamHTTPConnection

from swf_testbed.config.environment import child_environment
from swf_testbed.control.orphans import end_orphans
from swf_testbed.control.places import private_dir
from swf_testbed.control.programs import STOP_WAIT_S
from swf_testbed.model.errors import Refused, Unavailable

T = TypeVar("T")

ANSWER_S = 30.0
"""A supervisord that does not answer for so long is given up."""

END_S = 3 * STOP_WAIT_S
"""How long the end of a supervisord and all its programs may take."""

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A supervised process as supervisord sees it; `state` is one of its words, as RUNNING or FATAL."""

    name: str
    group: str
    state: str
    pid: int | None
    started_at: float
    exit_status: int
    log: Path
    said: str

    @property
    def running(self) -> bool:
        """Up, and past its first second."""
        return self.state == "RUNNING"

    @property
    def live(self) -> bool:
        """Running, or on the way there."""
        return self.state in {"STARTING", "RUNNING", "BACKOFF", "STOPPING"}

    @property
    def full_name(self) -> str:
        """As supervisorctl writes it."""
        return self.name if self.name == self.group else f"{self.group}:{self.name}"


class _Connection(UnixStreamHTTPConnection):  # type: ignore[misc]  # supervisor has no types
    answer_s: float

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self.answer_s)


class _Transport(SupervisorTransport):  # type: ignore[misc]  # supervisor has no types
    def __init__(self, socket: Path, answer_s: float) -> None:
        super().__init__(None, None, f"unix://{socket}")

        def connect() -> _Connection:
            connection = _Connection("localhost")
            connection.socketfile, connection.answer_s = str(socket), answer_s
            return connection

        self._get_connection = connect


class Supervisord:
    """The supervisord of a configuration file.

    Args:
        file: its configuration file, for people at the home folder.
        socket: where it listens.
        answer_s: one that does not answer for so long is given up.
    """

    def __init__(self, file: Path, socket: Path, answer_s: float = ANSWER_S) -> None:
        self.file, self.socket, self._answer_s = file, socket, answer_s

    @property
    def left_behind(self) -> int | None:
        """The process that was written down by the last one; None if that has ended in good order."""
        try:
            return int(self.socket.with_suffix(".pid").read_text())
        except (OSError, ValueError):
            return None

    @property
    def up(self) -> bool:
        """Whether it answers and is not about to end."""
        try:
            state = self._call(lambda rpc: rpc.supervisor.getState())
        except Unavailable:
            return False
        return bool(state["statecode"] == SupervisorStates.RUNNING)

    @property
    def pid(self) -> int | None:
        """Its process; None when it is down."""
        try:
            return int(self._call(lambda rpc: rpc.supervisor.getPID()))
        except Unavailable:
            return None

    @property
    def identity(self) -> str | None:
        """What it calls itself; None when it is down."""
        try:
            return str(self._call(lambda rpc: rpc.supervisor.getIdentification()))
        except Unavailable:
            return None

    def processes(self) -> list[Process]:
        """All that it supervises; none when it is down."""
        try:
            rows = self._call(lambda rpc: rpc.supervisor.getAllProcessInfo())
        except Unavailable:
            return []
        return [_process(row) for row in rows]

    def start(self, text: str, secrets: Mapping[str, str]) -> None:
        """Start it afresh with the file `text` and this process's present environment, plus `secrets`.

        What a killed one left, its socket and its number, is taken over, and its programs are ended.

        Raises:
            Unavailable: it ended at once; its own words say why.
        """
        if self.up:
            raise Refused(f"the supervisord of {self.file.name} runs already")
        end_orphans(self.socket, STOP_WAIT_S)
        private_dir(self.socket.parent)
        part = self.file.with_name(f".{self.file.name}.part")
        part.write_text(text, "utf-8")
        part.replace(self.file)
        command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", str(self.file)]
        done = subprocess.run(
            command,
            env=child_environment(dict(secrets)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not self.up:
            said = (done.stderr or done.stdout).strip() or "no reason given"
            raise Unavailable(f"supervisord did not start with {self.file}: {said}")

    def shut_down(self, first: str | None = None) -> bool:
        """End it and all that it supervises, and wait until it is gone; False when it was down.

        Args:
            first: a program that must have ended before the others are told to.
        """
        pid = self.pid
        if pid is None:
            return False
        gone = _Departure(pid)
        with suppress(Unavailable):  # somebody else may be ending it
            if first in {process.group for process in self.processes()}:
                self._call(lambda rpc: rpc.supervisor.stopProcessGroup(first))
            # All at once: by itself supervisord ends one group after the other.
            self._call(lambda rpc: rpc.supervisor.stopAllProcesses(False))
            self._call(lambda rpc: rpc.supervisor.shutdown())
        if not gone.wait(END_S):
            raise Unavailable(f"supervisord (process {pid}) has not ended within {END_S} s; see its log")
        with suppress(OSError):  # the other supervisord of this home may still listen there
            self.socket.parent.rmdir()
        return True

    def begin(self, program: str) -> None:
        """Start the processes of a program; those that run are left alone."""
        try:
            self._call(lambda rpc: rpc.supervisor.startProcessGroup(program, False))
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise Unavailable(f"{program} cannot be started: {fault.faultString}") from None

    def _call(self, ask: Callable[[Any], T]) -> T:
        transport = _Transport(self.socket, self._answer_s)
        try:
            return ask(ServerProxy("http://127.0.0.1", transport=transport))
        except (OSError, HTTPException, ProtocolError) as error:
            raise Unavailable(f"the supervisord of {self.file.name} does not answer: {error}") from None
        except Fault as fault:
            if fault.faultCode != Faults.SHUTDOWN_STATE:
                raise
            raise Unavailable(f"the supervisord of {self.file.name} is ending; try again then") from None
        finally:
            transport.close()


class _Departure:
    """Waits for the end of a process that is not a child; the kernel tells where it can."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        try:
            self._handle = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self._handle = -1

    def wait(self, timeout_s: float) -> bool:
        """Whether it ended in time."""
        if self._handle < 0:
            return wait_until(lambda: not _exists(self._pid), timeout_s)
        poll = select.poll()
        poll.register(self._handle, select.POLLIN)
        ended = bool(poll.poll(timeout_s * 1000))
        os.close(self._handle)
        return ended


def wait_until(check: Callable[[], bool], timeout_s: float) -> bool:
    """Ask again and again where nothing can notify; whether it came true in time."""
    until = time.monotonic() + timeout_s
    while not check():
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _process(row: Mapping[str, Any]) -> Process:
    return Process(
        name=row["name"],
        group=row["group"],
        state=row["statename"],
        pid=row["pid"] or None,
        started_at=float(row["start"]),
        exit_status=row["exitstatus"],
        log=Path(row["logfile"]),
        said=row["spawnerr"] or row["description"],
    )
