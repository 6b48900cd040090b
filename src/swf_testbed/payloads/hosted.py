"""The other end of `host`: what runs in the process beside the worker's."""

import ctypes
import signal
import sys
from dataclasses import asdict
from multiprocessing.connection import Connection

_PR_SET_PDEATHSIG = 1


def serve(pipe: Connection, function: str) -> None:
    """Call a function with each description that comes, until the worker is gone."""
    _die_with_the_worker()
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker decides when we end
        signal.signal(number, signal.SIG_IGN)
    from swf_testbed.payloads.function import call

    pipe.send("ready")
    while True:
        try:
            description = pipe.recv()
        except EOFError:
            return
        outcome = asdict(call(function, description))
        del outcome["folder"], outcome["seconds"]
        try:
            pipe.send(outcome)
        except OSError:
            return


def _die_with_the_worker() -> None:
    """A killed worker can end nobody; the kernel does it in its place (Linux; elsewhere the closed pipe)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
