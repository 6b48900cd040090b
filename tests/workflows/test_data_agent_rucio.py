"""The data agent with a real Rucio, whose rules bring every file to two XRootD sites.

    SWF_RUCIO_STFS=50 pytest --log-cli-level=INFO tests/workflows/test_data_agent_rucio.py -k closed
    SWF_LONG_TESTS=1 SWF_RUCIO_DOWN_S=30 SWF_RUCIO_SLOW_S=2 pytest tests/workflows/test_data_agent_rucio.py \
        -k away
    SWF_LONG_TESTS=1 SWF_KILL_POINTS=20 pytest tests/workflows/test_data_agent_rucio.py -k killed

are the long forms; a daily test has the first, with 5 files.
"""

import logging
import os
import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from archiving import agent, await_archived, await_cleared, await_raised, await_that, check_refused, dataset
from faulty_front import Front, front_before
from workflow_site import PATIENCE_S, Site, User, ended

from documented import Guide
from swf_test_servers.rucio import Rucio
from swf_test_servers.rucio_system import BUFFER, SITES, RucioSystem
from swf_testbed.adapters.rucio import Access
from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.messages import StfGen
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import CopyState, DatasetStatus
from swf_testbed.records import StfCopy, StfFile
from swf_testbed.stf.documents import file_checksum
from swf_testbed.stf.urls import local_path
from typed_home import TypedHome

pytestmark = pytest.mark.timeout(900)
takes_minutes = pytest.mark.skipif(
    not os.environ.get("SWF_LONG_TESTS"), reason="takes minutes: SWF_LONG_TESTS=1 runs it"
)

_log = logging.getLogger(__name__)
GUIDE = Guide("how-to/rucio.md")
EXIT_BUFFER = "root://daq.example.org:1094//data/"
STFS = int(os.environ.get("SWF_RUCIO_STFS", "5"))
DOWN_S = float(os.environ.get("SWF_RUCIO_DOWN_S", "3"))
SLOW_S = float(os.environ.get("SWF_RUCIO_SLOW_S", "0.2"))
POINTS = int(os.environ.get("SWF_KILL_POINTS", "2"))


class RucioUser:
    """Somebody whose exit buffer is the one that Rucio's sites read from."""

    def __init__(self, site: Site, system: RucioSystem, front: Front) -> None:
        self.user, self.system, self.front = site.user("archivist"), system, front
        rucio = system.rucio
        who = {"SWF_RUCIO_ACCOUNT": rucio.account, "SWF_RUCIO_USERNAME": rucio.account}
        here = {"SWF_RUCIO_URL": front.url, "SWF_RUCIO_PASSWORD": rucio.password, **who}
        self.user.environment |= GUIDE.variables("export SWF_RUCIO_URL", here)
        told = GUIDE.block("[data]", {EXIT_BUFFER: system.buffer.url()})
        (self.user.home / "testbed.toml").write_text(
            f'[testbed]\nnamespace = "{self.user.namespace}"\n{told}poll = 0.5\n'
        )
        buffer = self.user.settings.state_dir / "exit-buffer"
        buffer.parent.mkdir(parents=True, exist_ok=True)
        # The servers run as an ordinary user, who may not read below the folder of the tests.
        buffer.symlink_to(system.buffer.data)
        self.rucio = Connection(Access(token_dir=site.folder / "tokens", **rucio.client()))

    def check_archive(self, run: int, files: int) -> None:
        """Each file is in Rucio once, and as announced at both sites; and the monitor says so."""
        found = await_archived(self.user, run, PATIENCE_S + 5 * files)
        records = {one.stf_filename: one for one in self.user.monitor.list(StfFile, run=run)}
        assert (found.files, found.expected_files, len(records)) == (files, files, files)
        assert len({str(stream) for stream in found.streams.values()}) == 1, found.streams

        did = self.system.rucio.scope, dataset_name(run)
        assert not self.rucio.ask("dataset", lambda rucio: rucio.get_did(*did))["open"]
        assert self.catalogued(run) == sorted(records)
        rule = self.rule(run)
        assert (rule["state"], rule["locks_ok_cnt"]) == ("OK", 2 * files)
        known = self.rucio.ask(
            "orphans",
            lambda rucio: list(rucio.list_dids(did[0], [{"name": f"swf.{run}.*"}], did_type="file")),
        )
        assert sorted(known) == sorted(records)

        said = {name: record.checksum for name, record in records.items()}
        for name, site in self.system.sites.items():
            assert {path.name: file_checksum(path) for path in self.files(site.data, run)} == said
            assert self.verified(run, name) == files

    def catalogued(self, run: int) -> list[str]:
        """The names of the files in a run's dataset."""
        did = self.system.rucio.scope, dataset_name(run)
        return self.rucio.ask("files", lambda rucio: sorted(one["name"] for one in rucio.list_content(*did)))

    def rule(self, run: int) -> dict[str, Any]:
        """The one rule of a run's dataset."""
        did = self.system.rucio.scope, dataset_name(run)
        (rule,) = self.rucio.ask("rules", lambda rucio: list(rucio.list_did_rules(*did)))
        return dict(rule)

    def verified(self, run: int, site: str) -> int:
        """How many files of a run are verified at a site."""
        copies = self.user.monitor.list(StfCopy, site=site, run_number=run)
        return sum(copy.state is CopyState.VERIFIED for copy in copies)

    def files(self, folder: Path, run: int) -> list[Path]:
        """The files of a run at a site."""
        return list(folder.rglob(f"swf.{run}.*"))

    def run(self, stfs: int, *, realtime: bool = False, scope: str = Rucio.scope) -> int:
        """Have a run of so many files; its number."""
        said = {"daq_state_machine.stf_count": stfs, "data.scope": scope}
        return self.user.run(params=said, realtime=realtime)[1]


@pytest.fixture(scope="module")
def archivist(site: Site, rucio_servers: RucioSystem) -> Iterator[RucioUser]:
    """Whose data agent has Rucio."""
    with rucio_servers.at_work() as rucio_system, front_before(rucio_system.rucio.url) as front:
        made = RucioUser(site, rucio_system, front)
        with closing(made.user):
            yield made


def is_closed(user: User, run: int) -> bool:
    """Whether the dataset of a run is."""
    found = dataset(user, run)
    return found is not None and found.status is DatasetStatus.CLOSED


def test_a_run_comes_to_both_sites_by_rucios_rule_and_its_dataset_is_closed(archivist: RucioUser) -> None:
    with archivist.user.runner(), agent(archivist.user):
        begin = time.monotonic()
        run = archivist.run(STFS)
        archivist.check_archive(run, STFS)
        took = time.monotonic() - begin
        _log.info("%d files at %d sites %.1f s after the start", STFS, len(SITES), took)
    # It is read where it is, as the guide says.
    site = archivist.system.sites["BNL"]
    copy = archivist.files(site.data, run)[0].relative_to(site.data)
    ((_stf, _ls, shown),) = GUIDE.words("stf ls")
    here = {shown: site.url(str(copy))}
    home = TypedHome.of(archivist.user.home, archivist.user.environment)
    assert str(run) in home.typed(GUIDE.block("stf ls", here))


def test_what_rucio_or_the_testbed_refuses_is_told_and_kept(archivist: RucioUser) -> None:
    user, did = archivist.user, archivist.system.rucio.scope
    with agent(user):
        pass  # now the broker keeps what it does not hear
    with user.runner(), user.hearing() as heard:
        nowhere = archivist.run(1, scope="group.nobody")
        run = archivist.run(2)
        said = heard.until(ended(run))
        files = [one for one in said if isinstance(one, StfGen) and one.run_id == run]
        # Somebody else has taken the name of the first.
        other = {"scope": did, "name": files[0].filename, "bytes": 7, "adler32": "0000abcd"}
        url = archivist.system.buffer.url("taken.stf")
        archivist.rucio.ask("taking", lambda rucio: rucio.add_replicas(BUFFER, [{**other, "pfn": url}]))
        with agent(user):
            text = await_raised(user, f"registration:{files[0].filename}").text
            assert f"registered with size 7, not {files[0].size_bytes}" in text
            await_that("the other waits for it", lambda: archivist.catalogued(run) == [files[1].filename])
            text = await_raised(user, f"dataset:{dataset_name(nowhere)}").text
            assert "Rucio knows no such scope" in text
            check_refused(user, files[1])
    assert all(local_path(one.file_url).exists() for one in said if isinstance(one, StfGen))


@takes_minutes
def test_killed_anywhere_with_rucio_every_file_is_registered_once(archivist: RucioUser) -> None:
    chance = random.Random(10)
    with agent(archivist.user):
        pass  # now the broker keeps what it does not hear
    with archivist.user.runner():
        run = archivist.run(2 * POINTS, realtime=True)
        for _ in range(POINTS):
            with archivist.user.program("agents", "data") as process:
                time.sleep(chance.uniform(1.0, 6.0))  # the point of time is what is tried
                process.kill()
        with agent(archivist.user):
            archivist.check_archive(run, 2 * POINTS)


@takes_minutes
def test_a_server_that_is_away_then_slow_and_failing_loses_nothing(archivist: RucioUser) -> None:
    user, front, server = archivist.user, archivist.front, archivist.system.rucio
    with user.runner(), agent(user):
        server.kill()
        try:
            run = archivist.run(3)
            await_raised(user, "catalogue:rucio")
            time.sleep(DOWN_S)  # how long it is away is what is tried
            front.failing, front.delay_s, front.failed = 0.3, SLOW_S, 0
        finally:
            server.start()
        try:
            await_archived(user, run, 5 * PATIENCE_S)
        finally:
            front.failing, front.delay_s = 0.0, 0.0
        assert front.failed
        archivist.check_archive(run, 3)
        await_cleared(user, "catalogue:rucio")


@takes_minutes
def test_a_site_that_refuses_to_be_written_catches_up(archivist: RucioUser) -> None:
    user, jlab = archivist.user, archivist.system.sites["JLAB"]
    with user.runner(), agent(user):
        jlab.refuse_writes()
        try:
            run = archivist.run(2)
            name = f"swf.{run}.000001.stf"
            assert await_raised(user, f"copy:{name}@JLAB").text
            await_that("BNL waits for JLAB", lambda: archivist.verified(run, "BNL") == 2)
            assert archivist.verified(run, "JLAB") == 0
        finally:
            jlab.refuse_writes(False)
        archivist.check_archive(run, 2)
        await_cleared(user, f"copy:{name}@JLAB")


@takes_minutes
def test_a_damaged_copy_is_found_by_the_agent_and_replaced(
    archivist: RucioUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, system = archivist.user, archivist.system
    system.daemons.pause()
    try:
        with user.runner(), agent(user):
            run = archivist.run(2)
            await_that("it is not closed", lambda: is_closed(user, run))
    finally:
        system.daemons.resume()
    # Nobody looks while the copies come, and one is damaged.
    await_that("the copies do not come", lambda: archivist.rule(run)["locks_ok_cnt"] == 4)
    damaged = archivist.files(system.sites["JLAB"].data, run)[0]
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    # By Rucio's own policy only this account declares a copy bad.
    for name in ("SWF_RUCIO_ACCOUNT", "SWF_RUCIO_USERNAME"):
        monkeypatch.setitem(user.environment, name, system.rucio.root)
    with agent(user):
        subject = f"copy:{damaged.name}@JLAB"
        assert "checksum" in await_raised(user, subject).text
        archivist.check_archive(run, 2)
        await_cleared(user, subject)
