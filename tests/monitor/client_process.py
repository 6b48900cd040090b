"""The fast monitoring client as a person or a script runs it, and messages for it to see."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from monitor_instance import Instance

from swf_testbed.messages import Message, QualityFlagged, RunImminent, SamplingReport, TfFileRegistered
from swf_testbed.model.clock import now
from swf_testbed.model.names import derived_id, tf_filename
from swf_testbed.model.status import Quality

WAIT_S = 60
_MODULE = "swf_fastmon_client.main"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Reading:
    """What a process writes, as far as it has come; read by a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._text = ""
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._descriptor, 65536)
            except OSError:  # a pseudo terminal whose other end is closed
                piece = b""
            with self._changed:
                self._text += piece.decode("utf-8", "replace")
                self._ended = not piece
                self._changed.notify_all()
            if not piece:
                return

    @property
    def text(self) -> str:
        """All so far, without the terminal's escapes."""
        return _ESCAPES.sub("", self._text)

    def wait_for(self, words: str, times: int = 1) -> str:
        """Wait until it has written some words so often."""
        with self._changed:
            found = self._changed.wait_for(lambda: self.text.count(words) >= times or self._ended, WAIT_S)
        assert found and self.text.count(words) >= times, f"no {words!r} in:\n{self.text}"  # noqa: PT018  # one question
        return self.text

    def close(self) -> None:
        """Let go, once the process has ended: nobody reads a descriptor that is another's by then."""
        self._thread.join(WAIT_S)
        os.close(self._descriptor)

    def end(self) -> str:
        """All, once there is no more."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended, WAIT_S), f"it goes on:\n{self.text}"
        return self.text


class Client:
    """A running client."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Reading, err: Reading) -> None:
        self.process, self.out, self.err = process, out, err

    def interrupt(self, number: int = signal.SIGINT) -> None:
        """Ctrl-C, or another signal."""
        self.process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code = self.process.wait(WAIT_S)
        return code, self.out.end(), self.err.end()


def started(
    instance: Instance,
    *words: str,
    stdout: int,
    stderr: int,
    environment: Mapping[str, str] | None = None,
    module: str = _MODULE,
) -> "subprocess.Popen[bytes]":
    """Start the client, or another command."""
    known = {**instance.environment, "SWF_MONITOR_URL": instance.url, "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [sys.executable, "-m", module, *words],
        env={**known, "TERM": "xterm", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )


@contextmanager
def running(
    instance: Instance,
    *words: str,
    environment: Mapping[str, str] | None = None,
    columns: int = 0,
    module: str = _MODULE,
) -> Iterator[Client]:
    """Run the client, or another command; with `columns`, its stdout is a terminal of that width."""
    ours, theirs = pty.openpty() if columns else os.pipe()
    if columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    err, their_err = os.pipe()
    process = started(
        instance, *words, stdout=theirs, stderr=their_err, environment=environment, module=module
    )
    os.close(theirs)
    os.close(their_err)
    client = Client(process, Reading(ours), Reading(err))
    try:
        yield client
    finally:
        process.kill()
        process.wait(WAIT_S)
        client.out.close()
        client.err.close()


def run(
    instance: Instance, *words: str, environment: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Run it to its end: exit code, stdout, stderr."""
    with running(instance, *words, environment=environment) as client:
        return client.end()


def said(cls: type[Message], namespace: str, run_id: int, **more: Any) -> Message:
    """A message of this namespace and run."""
    return cls.model_validate(
        {"namespace": namespace, "sender": "fastmon-agent-t-1", "run_id": run_id, **more}
    )


def sample(namespace: str, run_id: int, number: int) -> TfFileRegistered:
    """Sample `number` (from 1) of a run: 7 frames, 70 kB, announced 2.5 s after egress."""
    stf = f"swf.{run_id}.{number:06d}.stf"
    at = now()
    name = tf_filename(stf, 1)
    return TfFileRegistered(
        namespace=namespace,
        sender="fastmon-agent-t-1",
        timestamp=at,
        run_id=run_id,
        tf_file_id=derived_id("tf-file", namespace, name),
        tf_filename=name,
        file_url=f"file:///tmp/{name}",
        stf_filename=stf,
        tf_first=0,
        tf_last=6,
        tf_count=7,
        file_size_bytes=70_000,
        checksum="ad:00000001",
        status="registered",
        sampling=SamplingReport(
            policy="blocks", fraction=0.05, seed=1, accepted=7, evaluated=100, part=0, parts=(7,)
        ),
        egress_at=at - timedelta(seconds=2.5),
    )


def imminent(namespace: str, run_id: int) -> Message:
    """A run is about to begin."""
    return said(RunImminent, namespace, run_id, simulation_tick=0, dataset="d")


def bad_flag(namespace: str, run_id: int) -> Message:
    """A judgement."""
    fields = {"subsystem": "dRICH", "histogram": "adc", "check": "dead", "reason": "16 channels are dead"}
    return said(QualityFlagged, namespace, run_id, quality=Quality.BAD, since=now(), **fields)
