"""A data agent for tests, and what the monitor says of its runs."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workflow_site import PATIENCE_S, User

from swf_testbed.control.supervision import wait_until
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import DatasetStatus
from swf_testbed.records import Alarm, Dataset, SystemAgent


@contextmanager
def agent(user: User) -> Iterator["subprocess.Popen[bytes]"]:
    """A data agent that is ready."""
    with user.program("agents", "data") as process:

        def is_ready() -> bool:
            found = user.monitor.list(SystemAgent, agent_type="data", operational_state="READY")
            return any(one.pid == process.pid for one in found)

        await_that("the data agent is not ready", is_ready)
        yield process


def await_that(said: str, check: Callable[[], bool]) -> None:
    assert wait_until(check, PATIENCE_S), said


def dataset(user: User, run: int) -> Dataset | None:
    return next(user.monitor.list(Dataset, name=dataset_name(run)), None)


def await_archived(user: User, run: int) -> Dataset:
    """The dataset of a run, when all of it is at every site."""

    def archived() -> bool:
        found = dataset(user, run)
        return found is not None and found.status is DatasetStatus.ARCHIVED

    await_that(f"run {run} is not archived: {dataset(user, run)}", archived)
    found = dataset(user, run)
    assert found is not None
    return found


def alarms(user: User, subject: str) -> list[Alarm]:
    """Those of that subject, newest first."""
    return sorted(user.monitor.list(Alarm, subject=subject), key=lambda one: -(one.id or 0))


def await_raised(user: User, subject: str) -> Alarm:
    await_that(f"no alarm {subject}", lambda: any(one.cleared_at is None for one in alarms(user, subject)))
    return alarms(user, subject)[0]


def await_cleared(user: User, subject: str) -> None:
    await_that(f"{subject} still stands", lambda: all(one.cleared_at for one in alarms(user, subject)))
