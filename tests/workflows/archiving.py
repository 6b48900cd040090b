"""A data agent for tests, and what the monitor says of its runs."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import uuid4

from workflow_site import PATIENCE_S, User

from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import StfGen
from swf_testbed.messages.codec import encode, headers
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import DatasetStatus
from swf_testbed.records import Alarm, Dataset, SystemAgent
from swf_testbed.stf.urls import local_path


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


def await_archived(user: User, run: int, patience_s: float = PATIENCE_S) -> Dataset:
    """The dataset of a run, when all of it is at every site."""
    found: Dataset | None = None

    def archived() -> bool:
        nonlocal found
        found = dataset(user, run)
        return found is not None and found.status is DatasetStatus.ARCHIVED

    assert wait_until(archived, patience_s), f"run {run} is not archived: {found}"
    assert found is not None
    return found


def alarms(user: User, subject: str) -> list[Alarm]:
    """Those of that subject, newest first."""
    return sorted(user.monitor.list(Alarm, subject=subject), key=lambda one: -(one.id or 0))


def await_raised(user: User, subject: str) -> Alarm:
    await_that(f"no alarm {subject}", lambda: any(one.cleared_at is None for one in alarms(user, subject)))
    return alarms(user, subject)[0]


def check_refused(user: User, right: StfGen) -> None:
    """Announcements that break the rules of messages: an alarm names what is wrong, and the file is kept."""
    path = local_path(right.file_url)
    before = path.read_bytes()
    for field, value, name in (
        ("checksum", "ad:123", right.filename),  # without its zeros
        ("filename", "has a blank.stf", "has a blank.stf"),
    ):
        document = {**json.loads(encode(right)), field: value}
        user.bus.publish_body(
            type(right).goes_to(user.namespace), json.dumps(document).encode(), headers(right)
        )
        text = await_raised(user, f"verification:{name}").text
        assert f"stf_gen.{field}" in text
        assert repr(value) in text
        assert "should match pattern" in text
    user.bus.publish(right.model_copy(update={"message_id": uuid4()}))
    await_cleared(user, f"verification:{right.filename}")
    assert path.read_bytes() == before


def await_cleared(user: User, subject: str) -> None:
    await_that(f"{subject} still stands", lambda: all(one.cleared_at for one in alarms(user, subject)))
