"""The names of the monitor's processes: where each runs, and a word that no successor has."""

import os
import secrets
import socket
from typing import NamedTuple

from swf_testbed.model.names import user_word


class ProcessName(NamedTuple):
    """Host, process id, and a random word: `host-4711-1a2b3c`."""

    host: str
    pid: int
    word: str

    def __str__(self) -> str:
        return f"{self.host}-{self.pid}-{self.word}"

    @property
    def surely_dead(self) -> bool:
        """Whether it ran on this host, and does not any more; a process elsewhere may live."""
        if self.host != _host():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


def this_process() -> ProcessName:
    """A new name for this process."""
    return ProcessName(_host(), os.getpid(), secrets.token_hex(3))


def parse(text: str) -> ProcessName | None:
    """The name of a text; None if it is none."""
    host, *rest = text.split("-")
    if len(rest) != 2 or not (rest[0].isascii() and rest[0].isdigit()):
        return None
    return ProcessName(host, int(rest[0]), rest[1])


def _host() -> str:
    return user_word(socket.gethostname())[:64]
