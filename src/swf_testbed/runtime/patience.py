"""How long to keep trying: what a failure means, and how the delays grow."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator

from swf_testbed.model.errors import DISK_FULL, BadData, BadInput, Unavailable

ATTEMPTS = 5
"""Tries of one message before it becomes a dead letter."""

FIRST_DELAY_S, LAST_DELAY_S = 0.2, 15.0


class Stopping(Exception):  # not an error: the agent was asked to end
    """The agent ends; what is in hand stays with the broker."""


def delays() -> Iterator[float]:
    """Growing delays in s, with some chance in them so that many agents do not return as one."""
    for power in itertools.count():
        yield min(FIRST_DELAY_S * 2**power, LAST_DELAY_S) * random.uniform(0.75, 1.25)  # noqa: S311  # no secret


def _disk_is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in DISK_FULL


def persist(
    work: Callable[[], None], stopping: threading.Event, on_retry: Callable[[Exception, float], None]
) -> None:
    """Do `work` until it succeeds or there is no point in going on.

    A service that does not answer and a disk that is full are waited for without limit: nothing is lost by
    waiting. Bad data and bad input fail at once. Anything else is tried `ATTEMPTS` times.

    Raises:
        Stopping: `stopping` was set between two tries.
        Exception: the last failure.
    """
    failures = 0
    for delay in delays():
        try:
            work()
        except (BadInput, BadData, Stopping):
            raise
        except Unavailable as error:
            on_retry(error, delay)
        except Exception as error:
            failures += not _disk_is_full(error)
            if failures >= ATTEMPTS:
                raise
            on_retry(error, delay)
        else:
            return
        if stopping.wait(delay):
            raise Stopping
