"""Looks after one process: `python -I -S minder.py NOTES LOG PROGRAM ARGUMENT...`.

It lives on when whoever started it ends, and writes down what became of the process: `NOTES.pid` with the
numbers of the process and its own, then `NOTES.exit` with its exit code, negative for a signal. Run as a file
with the bare interpreter: it imports nothing of the package.
"""

import os
import signal
import sys


def _write(path: str, text: str) -> None:
    part = f"{path}.part"
    with open(part, "w", encoding="ascii") as stream:  # noqa: PTH123  # pathlib would cost a third of the start
        stream.write(text)
    os.replace(part, path)  # noqa: PTH105


def _mind(notes: str, log: str, command: list[str]) -> None:
    ready, told = os.pipe()
    if os.fork():
        os.close(told)
        os.read(ready, 1)
        return
    os.close(ready)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    # The group's end is for the process that we mind; we must see it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            os.execv(command[0], command)  # noqa: S606  # no shell is wanted
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
            os._exit(127)
    _write(f"{notes}.pid", f"{child} {os.getpid()}")
    os.close(told)
    _, status = os.waitpid(child, 0)
    _write(f"{notes}.exit", str(os.waitstatus_to_exitcode(status)))


if __name__ == "__main__":
    _mind(sys.argv[1], sys.argv[2], sys.argv[3:])
