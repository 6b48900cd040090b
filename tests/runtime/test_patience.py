"""How long an agent keeps trying, and what it says of itself meanwhile."""

import errno
import itertools
import threading
from collections.abc import Callable

import pytest

from swf_testbed.model.errors import BadData, BadInput, Refused, Unavailable
from swf_testbed.model.status import OperationalState
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.patience import ATTEMPTS, Stopping, delays, persist

Retries = list[tuple[str, float]]


def _tried(
    errors: list[Exception], stopping: threading.Event | None = None
) -> tuple[int, Retries, Exception | None]:
    """How often it was tried, what was said of each other try, and how it ended."""
    left, tries, retries = iter(errors), itertools.count(), Retries()

    def work() -> None:
        next(tries)
        for error in left:
            raise error

    ended: Exception | None = None
    try:
        persist(work, stopping or threading.Event(), lambda error, delay: retries.append((str(error), delay)))
    except Exception as error:
        ended = error
    return next(tries), retries, ended


def test_delays_double_up_to_a_quarter_of_a_minute_and_are_never_the_same() -> None:
    expected = [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0]
    many = [list(itertools.islice(delays(), len(expected))) for _ in range(50)]
    for one in many:
        assert all(0.75 * mean <= delay <= 1.25 * mean for delay, mean in zip(one, expected, strict=True))
    assert len({delay for one in many for delay in one}) > 400


@pytest.mark.parametrize("error", [BadInput("count", -1, "must be 0 or more"), BadData("spoilt"), Stopping()])
def test_what_another_try_does_not_help_is_not_tried_again(error: Exception) -> None:
    assert _tried([error]) == (1, [], error)


@pytest.mark.usefixtures("short_delays")
def test_anything_else_is_tried_some_times() -> None:
    errors: list[Exception] = [Refused(f"try {number}") for number in range(ATTEMPTS)]
    tries, retries, ended = _tried(errors)
    assert (tries, ended) == (5, errors[-1])
    assert [said for said, _ in retries] == ["try 0", "try 1", "try 2", "try 3"]
    for (_, delay), mean in zip(retries, (0.01, 0.02, 0.04, 0.05), strict=True):
        assert 0.75 * mean <= delay <= 1.25 * mean
    assert _tried(errors[:-1])[::2] == (5, None)


@pytest.mark.usefixtures("short_delays")
@pytest.mark.parametrize(
    "away",
    [
        lambda: Unavailable("away"),
        lambda: OSError(errno.ENOSPC, "No space left on device"),
        lambda: OSError(errno.EDQUOT, "Disk quota exceeded"),
    ],
)
def test_what_will_be_there_again_does_not_count(away: Callable[[], Exception]) -> None:
    waits = [away() for _ in range(3)]
    errors = [*waits, *(ValueError("no") for _ in range(ATTEMPTS - 1)), *waits]
    tries, retries, ended = _tried(errors)
    assert (tries, len(retries), ended) == (len(errors) + 1, len(errors), None)


@pytest.mark.usefixtures("short_delays")
@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied"), OSError("no number"), ValueError(errno.ENOSPC)]
)
def test_another_trouble_of_the_disk_is_tried_some_times(error: Exception) -> None:
    assert _tried([error] * 20)[::2] == (ATTEMPTS, error)


def test_who_is_asked_to_end_tries_once_and_no_more() -> None:
    stopping = threading.Event()
    stopping.set()
    assert _tried([], stopping) == (1, [], None)
    tries, retries, ended = _tried([Unavailable("away")] * 2, stopping)
    assert (tries, [said for said, _ in retries], type(ended)) == (1, ["away"], Stopping)


def test_it_is_processing_while_anything_is_in_hand() -> None:
    told: list[OperationalState] = []
    activity = Activity(lambda: told.append(activity.state))
    assert f"{activity.state}" == "STARTING"
    with activity.processing(1):
        assert f"{activity.state}" == "STARTING"  # it says so until it is ready
    told.clear()
    activity.become(OperationalState.READY)
    with activity.processing(2), activity.processing(1):
        assert f"{activity.state}" == "PROCESSING"
    with pytest.raises(ValueError, match="no"), activity.processing(1):
        raise ValueError("no")
    activity.become(OperationalState.EXITED)
    with activity.processing(1):
        assert f"{activity.state}" == "EXITED"
    assert told[:6] == ["READY", *["PROCESSING", "READY"] * 2, "EXITED"]
    assert (activity.handled, activity.failed, activity.skipped) == (0, 0, 0)
