"""What a test takes from its process and gives back: signals, the log, the environment."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from swf_testbed.config.environment import settings

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_PATIENCE_S = 20.0


@contextmanager
def own_signals() -> Iterator[None]:
    """What is done with signals is undone."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    wakes = signal.set_wakeup_fd(-1)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if (mine := signal.set_wakeup_fd(wakes)) >= 0:
            os.close(mine)  # whose end lets the thread that listens end
            for thread in listening():
                thread.join(_PATIENCE_S)


def listening() -> list[threading.Thread]:
    """The threads that act on signals."""
    return [thread for thread in threading.enumerate() if thread.name == "signals"]


@contextmanager
def own_log() -> Iterator[None]:
    """A program sets up its log, which is as before afterwards."""
    names = (None, "httpx", "watchfiles")
    before = [(logger, logger.level) for logger in map(logging.getLogger, names)]
    root = logging.getLogger()
    handlers, root.handlers[:] = list(root.handlers), []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for logger, level in before:
            logger.setLevel(level)


@contextmanager
def own_settings() -> Iterator[None]:
    """The settings are read anew, and again afterwards."""
    settings.cache_clear()
    try:
        yield
    finally:
        settings.cache_clear()
