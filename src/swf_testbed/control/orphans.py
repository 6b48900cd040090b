"""Programs that outlive their supervisord: they hold ports and subscriptions that their successors need."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_WHOSE = "SUPERVISOR_SERVER_URL"
"""The variable by which supervisord tells its programs where it listens."""


def end_orphans(socket: Path, patience_s: float) -> list[int]:
    """End what a dead supervisord left; their process ids.

    They were told to end when it died; what has not done so in time is killed.
    """
    found = list(_orphans(f"unix://{socket}"))
    for process in found:
        _signal(process.terminate)
    _, left = psutil.wait_procs(found, timeout=patience_s)
    for process in left:
        _signal(process.kill)
    psutil.wait_procs(left, timeout=patience_s)
    return [process.pid for process in found]


def _orphans(url: str) -> Iterator[psutil.Process]:
    # A program may itself have called us.
    ours = {psutil.Process().pid, *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            if process.pid not in ours and process.environ().get(_WHOSE) == url:
                yield process
        except (psutil.Error, OSError):  # ended, or another user's
            continue


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()
