"""Ties a program to its supervisor: `python -I -S tether.py PROGRAM ARGUMENT...` becomes the program.

A supervisor that is killed cannot end its programs. The kernel then sends them SIGTERM in its place
(Linux; elsewhere this does nothing), so that nothing is left over that holds ports and subscriptions.
Run as a file with the bare interpreter: it imports nothing of the package, and takes 10 ms.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _tether() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the supervisor ended while this program started")


if __name__ == "__main__":
    if sys.platform == "linux":
        _tether()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  # no shell is wanted
