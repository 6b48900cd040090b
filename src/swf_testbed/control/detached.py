"""Starts a program that outlives whoever starts it: `python -I -S detached.py LOG PROGRAM ARGUMENT...`.

Prints the number of its process. Run as a file with the bare interpreter: it imports nothing of the package.
"""

import os
import sys


def _detach(log: str, command: list[str]) -> None:
    pid = os.fork()
    if pid:
        print(pid)  # noqa: T201  # this is its answer
        return
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.execv(command[0], command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    _detach(sys.argv[1], sys.argv[2:])
