"""Python payloads of the tests: they run in the process beside the worker's."""

import os
import time
from typing import Any

from swf_testbed.model.errors import BadData
from swf_testbed.payloads.outcome import TryLater


def count(work: dict[str, Any]) -> dict[str, Any]:
    """A result."""
    return {"frames": work["frames"]["count"], "process": os.getpid()}


def crash(work: dict[str, Any]) -> None:
    """No Python error: the process is gone."""
    del work
    os.abort()


def hang(work: dict[str, Any]) -> None:
    """Never ends."""
    del work
    while True:
        time.sleep(1)


def bad_data(work: dict[str, Any]) -> None:
    """The data are bad."""
    raise BadData(f"{work['name']} is damaged")


def later(work: dict[str, Any]) -> None:
    """Something is missing now."""
    raise TryLater("the conditions database does not answer")


def nonsense(work: dict[str, Any]) -> Any:
    """No JSON object."""
    del work
    return [1, 2]


def wrong(work: dict[str, Any]) -> Any:
    """A bug."""
    del work
    return 1 / 0
