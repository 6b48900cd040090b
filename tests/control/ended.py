"""Waits for programs to end, whoever started them."""

import os
import select

_WITHIN_S = 20.0


def await_end(*pids: int) -> None:
    """Returns when all these processes have ended."""
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        ended = poll.poll(_WITHIN_S * 1000)
        os.close(handle)
        assert ended, f"process {pid} did not end"
