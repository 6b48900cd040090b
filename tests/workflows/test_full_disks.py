"""Disks that are full or read-only, as their users see it: real file systems of a few megabytes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from archiving import agent, await_archived, await_cleared, await_raised, await_that
from workflow_site import Site, User

from small_disk import Disk
from swf_testbed.messages import PauseRun, StfGen
from swf_testbed.model.status import CopyState
from swf_testbed.records import StfCopy
from swf_testbed.stf.documents import file_checksum

pytestmark = pytest.mark.timeout(300)

SITES = ("BNL", "JLAB")


@pytest.fixture
def packrat(site: Site, request: pytest.FixtureRequest) -> Iterator[User]:
    """Somebody with disks of their own."""
    if os.geteuid():
        pytest.skip("only root mounts disks")
    with closing(site.user(f"packrat-{len(request.node.name)}")) as user:
        yield user


@pytest.fixture
def disks() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def disk(stack: ExitStack, path: Path, size: str) -> Disk:
    """A disk until the test ends."""
    return stack.enter_context(Disk(path, size))


def remount(made: Disk, how: str) -> None:
    """As soon as nobody writes."""
    await_that("it is busy", lambda: made.remount(how))


def check_whole(user: User, run: int, files: int) -> None:
    """All files of a run are at both sites, and equal."""
    assert await_archived(user, run).files == files
    folders = [user.settings.state_dir / "sites" / where for where in SITES]
    sums = [{path.name: file_checksum(path) for path in one.rglob(f"swf.{run}.*.stf")} for one in folders]
    assert sums[0] == sums[1]
    assert len(sums[0]) == files


def test_a_full_and_then_read_only_site_is_told_and_catches_up(packrat: User, disks: ExitStack) -> None:
    user = packrat
    bnl = disk(disks, user.settings.state_dir / "sites" / "BNL", "700k")
    with user.runner(), agent(user):
        _, run = user.run(params={"daq_state_machine.stf_count": 3})
        await_that("no reason", lambda: "No space left" in await_raised(user, "site:BNL").text)
        assert "BNL takes no files" in await_raised(user, "site:BNL").text
        await_that("JLAB waits", lambda: verified(user, run, "JLAB") == 3)
        remount(bnl, "ro,size=64m")
        await_that("no other reason", lambda: "Read-only" in await_raised(user, "site:BNL").text)
        assert verified(user, run, "BNL") < 3
        remount(bnl, "rw")
        check_whole(user, run, 3)
        await_cleared(user, "site:BNL")


def verified(user: User, run: int, site: str) -> int:
    copies = user.monitor.list(StfCopy, site=site, run_number=run)
    return sum(copy.state is CopyState.VERIFIED for copy in copies)


def test_a_read_only_exit_buffer_pauses_the_daq_and_nothing_is_lost(packrat: User, disks: ExitStack) -> None:
    user = packrat
    buffer = disk(disks, user.settings.state_dir / "exit-buffer", "64m")
    with user.runner(), agent(user), user.hearing() as heard:
        params = {"daq_state_machine.stf_count": 4, "daq_state_machine.stf_interval": 1.0}
        _, run = user.run(params=params, realtime=True)
        heard.until(lambda found: any(isinstance(one, StfGen) for one in found))
        remount(buffer, "ro")
        pause = heard.until(lambda found: any(isinstance(one, PauseRun) for one in found))[-1]
        assert isinstance(pause, PauseRun)
        assert "the exit buffer takes no files: Read-only" in pause.reason
        assert "is read-only: the DAQ pauses" in await_raised(user, "exit_buffer_full:E0-BUFFER").text
        remount(buffer, "rw")
        await_cleared(user, "exit_buffer_full:E0-BUFFER")
        assert user.await_run_end(run).total_stf_files == 4
        check_whole(user, run, 4)
