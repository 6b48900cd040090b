"""How following ends: at Ctrl-C or SIGTERM, never in the middle of a message; or when nobody reads."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ended(BaseException):  # as KeyboardInterrupt, which it stands for
    """Somebody asked to end; `code` is the exit code that says so."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number


class Endings:
    """Raises `Ended` at a signal; one that comes while a message is in hand is raised after it.

    Enter it in the main thread. A signal that was ignored stays so, as programs in the background have it.
    """

    def __init__(self) -> None:
        self._busy = False
        self._asked = 0

    def __enter__(self) -> Self:
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        self._before = {number: was for number, was in before.items() if was is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        for number, was in self._before.items():
            signal.signal(number, was)

    def _end(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = number
        if not self._busy:
            raise Ended(number)

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Deal with a message to its end."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._asked:
            raise Ended(self._asked)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """End without a word when nobody reads stdout any more, as `head` does; what is printed later is lost."""
    try:
        yield
    except BrokenPipeError:
        # Or the interpreter complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
