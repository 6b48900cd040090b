"""Signals, acted on in a thread of their own."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType


def act_on(numbers: tuple[signal.Signals, ...], act: Callable[[signal.Signals], None]) -> None:
    """Call `act`, in a thread, with each of these signals that comes; to be called in the main thread.

    A handler runs in the main thread between any two steps: to take a lock there, as setting an event or
    starting a thread does, may be to wait for oneself for ever.
    """
    heard, told = socket.socketpair()
    told.setblocking(False)

    def listen() -> None:
        with heard:
            while number := heard.recv(1):
                if number[0] in numbers:
                    act(signal.Signals(number[0]))

    threading.Thread(target=listen, name="signals", daemon=True).start()
    signal.set_wakeup_fd(told.detach(), warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, _only_wake)


def _only_wake(number: int, frame: FrameType | None) -> None:
    """What is done is done by the thread."""
