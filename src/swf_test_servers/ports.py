"""Ports for the servers of a test."""

import random
import socket

_FIRST, _LAST = 20_000, 32_000
"""Below those that systems give to whoever asks for any: nobody gets one of these by chance meanwhile."""


def free_port() -> int:
    """A port that nobody listens on at this moment, and that nobody is given unasked."""
    while True:
        port = random.randint(_FIRST, _LAST)  # noqa: S311  # no secret
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
