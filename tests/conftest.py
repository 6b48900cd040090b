"""What holds for all tests."""

import signal
from collections.abc import Callable

import pytest

import free_ports as _ports

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell gives this to what it runs in the background, and it would pass on to every program under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Finds a port that nobody uses now."""
    return _ports.free_port
