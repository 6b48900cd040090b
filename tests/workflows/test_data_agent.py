"""The data agent on real services: every file comes to both sites, whatever is away, damaged, full or killed.

    SWF_KILL_POINTS=20 pytest -s tests/workflows/test_data_agent.py -k killed

kills it at so many points instead of the few that a daily test can afford.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from archiving import agent, await_archived, await_cleared, await_raised, await_that, check_refused
from workflow_site import Site, User, ended

from swf_testbed.messages import Message, PauseRun, StfGen, StfReady
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import CopyState, StfStatus
from swf_testbed.records import StfCopy, StfFile
from swf_testbed.stf.documents import file_checksum

pytestmark = pytest.mark.timeout(300)

POINTS = int(os.environ.get("SWF_KILL_POINTS", "2"))
SITES = ("BNL", "JLAB")
STFS = 4
DOORS = ("root://daq.example.org//data/", "https://daq.example.org/exit-buffer")
FOUR: dict[str, Any] = {"daq_state_machine.stf_count": STFS}


@pytest.fixture(scope="module")
def keeper(site: Site) -> Iterator[User]:
    """Whose data agent it is."""
    with closing(site.user("keeper")) as user:
        doors = f"[data]\nbuffer_doors = {list(DOORS)}\n"
        (user.home / "testbed.toml").write_text(f'[testbed]\nnamespace = "{user.namespace}"\n{doors}')
        yield user


@pytest.fixture
def hoarder(site: Site) -> Iterator[User]:
    """Somebody with little room in the exit buffer."""
    with closing(site.user("hoarder")) as user:
        small = "[data]\nbuffer_capacity = 0.0025\nbuffer_horizon = 0\nbuffer_high = 0.5\n"
        (user.home / "testbed.toml").write_text(f'[testbed]\nnamespace = "{user.namespace}"\n{small}')
        yield user


def folder(user: User, where: str) -> Path:
    """The folder of a site."""
    path = user.settings.state_dir / "sites" / where
    path.mkdir(parents=True, exist_ok=True)
    return path


def at_site(user: User, where: str, run: int) -> list[Path]:
    """The files of a run at a site."""
    return sorted((folder(user, where) / "group.daq" / dataset_name(run)).glob("*.stf"))


def check_archive(user: User, run: int, files: int) -> None:
    """Every file is at both sites, as it was announced, once; and the monitor says so."""
    found = await_archived(user, run)
    records = list(user.monitor.list(StfFile, run=run))
    assert (found.files, found.expected_files, len(records)) == (files, files, files)
    assert len({str(stream) for stream in found.streams.values()}) == 1, found.streams
    for where in SITES:
        there = at_site(user, where, run)
        assert {path.name: file_checksum(path) for path in there} == {
            record.stf_filename: record.checksum for record in records
        }
        copies = list(user.monitor.list(StfCopy, site=where, run_number=run))
        assert {copy.state for copy in copies} == {CopyState.VERIFIED}
        assert len(copies) == files


def test_a_run_comes_to_both_sites_and_its_dataset_is_closed(keeper: User) -> None:
    with keeper.runner(), agent(keeper):
        _, run = keeper.run(params=FOUR)
        check_archive(keeper, run, STFS)
    assert {record.status for record in keeper.monitor.list(StfFile, run=run)} == {StfStatus.REGISTERED}


def command(user: User, *words: str) -> "subprocess.CompletedProcess[str]":
    """`testbed data …`, as its user says it."""
    program = [sys.executable, "-m", "swf_testbed.cli.main", "data", *words]
    return subprocess.run(program, env=user.environment, capture_output=True, text=True, check=False)


def test_commands_tell_where_every_file_is_and_read_it_anew(keeper: User) -> None:
    with keeper.runner(), agent(keeper):
        _, run = keeper.run(params=FOUR)
        check_archive(keeper, run, STFS)
    listed = json.loads(command(keeper, "ls", str(run), "--json").stdout)
    assert listed["dataset"]["status"] == "archived"
    assert {site for file in listed["files"] for site in file["copies"]} == {"E0-BUFFER", *SITES}
    nothing = command(keeper, "missing", str(run))
    assert (nothing.returncode, "nothing is missing" in nothing.stdout) == (0, True)
    assert f"{3 * STFS} copies are as they were" in command(keeper, "verify", str(run)).stdout

    damaged = at_site(keeper, "BNL", run)[0]
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    found = command(keeper, "verify", str(run))
    assert (found.returncode, damaged.name in found.stdout, "checksum" in found.stdout) == (1, True, True)
    assert command(keeper, "verify", str(run), "--site", "JLAB").returncode == 0
    assert "must be one of E0-BUFFER, BNL, JLAB" in command(keeper, "verify", str(run), "--site", "X").stderr
    assert damaged.as_uri() in command(keeper, "replicas", damaged.name).stdout
    assert "run 99 " in command(keeper, "ls", "99").stderr


def test_one_site_down_holds_up_nothing_and_catches_up(keeper: User) -> None:
    bnl = folder(keeper, "BNL")
    with keeper.runner(), keeper.hearing() as heard, agent(keeper):
        # An agent makes folders of its own when it starts: it is there before the site goes away.
        away = bnl.rename(bnl.with_name("away"))
        _, run = keeper.run(params=FOUR)
        said = heard.until(lambda found: sum(_ready(one, run) for one in found) == STFS)
        await_that("JLAB waits for BNL", lambda: len(at_site(keeper, "JLAB", run)) == STFS)
        assert "BNL does not answer" in await_raised(keeper, "site:BNL").text
        away.rename(bnl)
        check_archive(keeper, run, STFS)
        await_cleared(keeper, "site:BNL")
    for one in said:
        if isinstance(one, StfReady):  # with each of its addresses
            below = f"{one.run_id}/{one.filename}"
            assert [(copy.site, copy.url) for copy in one.replicas] == [
                ("E0-BUFFER", one.file_url),
                ("E0-BUFFER", f"root://daq.example.org//data/{below}"),
                ("E0-BUFFER", f"https://daq.example.org/exit-buffer/{below}"),
            ]


def _ready(said: Message, run: int) -> bool:
    return isinstance(said, StfReady) and said.run_id == run


def test_a_site_that_takes_no_files_and_damaged_copies_are_made_up_for(keeper: User) -> None:
    """A folder that cannot be made stands for a full or read-only disk, as root may write everywhere."""
    jlab = folder(keeper, "JLAB")
    there = jlab / "group.daq"
    there.mkdir(exist_ok=True)
    there.rename(jlab / "aside")
    there.write_text("in the way")
    with keeper.runner(), agent(keeper):
        _, run = keeper.run(params=FOUR)
        assert "takes no files" in await_raised(keeper, "site:JLAB").text
        await_that("BNL waits for JLAB", lambda: len(at_site(keeper, "BNL", run)) == STFS)
        # Before it is back, a file of the right size and another content is put there.
        good = at_site(keeper, "BNL", run)[0]
        damaged = jlab / "aside" / dataset_name(run) / good.name
        damaged.parent.mkdir(parents=True)
        damaged.write_bytes(good.read_bytes()[:-1] + b"x")
        there.unlink()
        (jlab / "aside").rename(there)
        check_archive(keeper, run, STFS)
        await_cleared(keeper, f"copy:{good.name}@JLAB")
    assert (there / dataset_name(run) / f"{good.name}.bad").is_file()
    copy = keeper.monitor.get(StfCopy, good.name, "JLAB")
    assert (copy.attempts, copy.state, copy.problem) == (1, CopyState.VERIFIED, "")


def test_a_file_that_is_not_what_was_announced_is_refused_and_taken_when_it_is(keeper: User) -> None:
    with keeper.runner(), agent(keeper), keeper.hearing() as heard:
        _, run = keeper.run(params=FOUR)
        check_archive(keeper, run, STFS)
        said = heard.until(ended(run))
    first = next(one for one in said if isinstance(one, StfGen) and one.run_id == run)
    other = first.model_copy(update={"size_bytes": first.size_bytes + 8, "message_id": uuid4()})
    with agent(keeper):
        keeper.bus.publish(other)
        raised = await_raised(keeper, f"verification:{first.filename}")
        assert "the registered one stays" in raised.text
        record = keeper.monitor.get(StfFile, first.filename)
        assert (record.file_size_bytes, record.status) == (first.size_bytes, StfStatus.REGISTERED)
        keeper.bus.publish(first.model_copy(update={"message_id": uuid4()}))
        await_cleared(keeper, f"verification:{first.filename}")
        check_refused(keeper, first)


def test_killed_anywhere_it_begins_again_and_every_file_is_there_once(keeper: User) -> None:
    chance = random.Random(10)
    with agent(keeper):
        pass  # now the broker keeps what it does not hear
    with keeper.runner():
        _, run = keeper.run(params={"daq_state_machine.stf_count": 4 * POINTS}, realtime=True)
        for _ in range(POINTS):
            with keeper.program("agents", "data") as process:
                time.sleep(chance.uniform(1.0, 6.0))  # the point of time is what is tried
                process.kill()
        with agent(keeper):
            check_archive(keeper, run, 4 * POINTS)


def test_a_full_exit_buffer_pauses_the_daq_and_nothing_is_lost(hoarder: User) -> None:
    user = hoarder
    with agent(user):
        pass  # now the broker keeps what it does not hear
    with user.runner(), user.hearing() as heard:
        # Without an agent nothing is archived, and nothing deleted.
        _, run = user.run(params={"daq_state_machine.stf_count": 12})
        pause = heard.until(lambda found: any(isinstance(one, PauseRun) for one in found))[-1]
        assert isinstance(pause, PauseRun)
        assert "exit buffer is full" in pause.reason
        with agent(user):
            check_archive_without_buffer(user, run, 12)
            assert user.await_run_end(run).total_stf_files == 12
            await_cleared(user, "exit_buffer_full:E0-BUFFER")
    assert user.files(run) < 12


def check_archive_without_buffer(user: User, run: int, files: int) -> None:
    check_archive(user, run, files)
    removed = list(user.monitor.list(StfCopy, site="E0-BUFFER", state="removed"))
    assert removed
    assert all(not Path(copy.url or "").exists() for copy in removed)
