"""Storage by a real Rucio, whose rules bring files to two sites."""

from dataclasses import replace
from pathlib import Path
from zlib import adler32

import pytest
from rucio_runs import RucioRun, wait_for

from swf_test_servers.rucio import Rucio
from swf_test_servers.rucio_system import SITES, RucioSystem
from swf_testbed.adapters.rucio import Access, RucioStorage
from swf_testbed.adapters.storage import CopyState, Did
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Refused, Unavailable

pytestmark = pytest.mark.timeout(600)


def test_a_run_ends_with_a_closed_dataset_and_every_copy_equal_on_disk(
    rucio_system: RucioSystem, tmp_path: Path
) -> None:
    run = RucioRun(rucio_system, tmp_path, 410_001)
    files = run.files(5)
    for _ in range(2):  # all of it may be said again
        run.storage.open(run.spec)
        assert {done.problem for done in run.storage.register(run.did, files)} == {""}
    for _ in range(2):
        closed = run.storage.close(run.did)
        assert (closed.is_open, closed.files, closed.size_bytes) == (False, 5, 100_000)
    assert run.catalogued() == [file.name for file in files]

    wait_for(lambda: run.delivered(files))
    wait_for(lambda: run.rule()["state"] == "OK")
    assert run.rule()["locks_ok_cnt"] == 2 * 5
    for site in SITES:
        assert {copy.state for copy in run.storage.verify(run.did, site, files)} == {CopyState.VERIFIED}
        on_disk = {
            path.name: f"ad:{adler32(path.read_bytes()):08x}"
            for path in rucio_system.sites[site].data.rglob(f"swf.{run.number}.*")
        }
        assert on_disk == {file.name: file.checksum for file in files}
    standing = run.storage.standing(run.did)
    assert [(site.site, site.there, site.waiting, site.stuck) for site in standing.sites] == [
        (site, 5, 0, 0) for site in SITES
    ]

    for _ in range(2):
        removed = run.storage.remove(run.did, files)
        assert {copy.state for copy in removed} == {CopyState.REMOVED}
    assert not list(rucio_system.buffer.data.glob(f"swf.{run.number}.*"))
    assert run.delivered(files)


def test_what_rucio_refuses_is_a_problem_of_that_file_alone(
    rucio_system: RucioSystem, tmp_path: Path
) -> None:
    run = RucioRun(rucio_system, tmp_path, 410_002)
    run.storage.open(run.spec)
    known, good, template = run.file(1), run.file(2), run.file(3)
    run.storage.register(run.did, [known])
    wrong = [
        replace(known, size_bytes=7),
        replace(template, name="swf.410002.000004.stf", checksum="ad:123"),
        replace(template, name="has a blank.stf"),
        replace(template, name="swf.410002.000005.stf", url="root://elsewhere.example:1094//data/a.stf"),
        replace(template, name="swf.410002.000006.stf", url="file:///somewhere/else.stf"),
    ]
    problems = [done.problem for done in run.storage.register(run.did, [*wrong, good])]
    for problem, words in zip(
        problems,
        ("registered with size 20000, not 7", "8 hex digits", "a name must be", "address", "exit buffer", ""),
        strict=True,
    ):
        assert words in problem
        assert bool(words) == bool(problem)
    assert run.catalogued() == [known.name, good.name]
    assert Path(known.url.removeprefix("file://")).exists()

    run.storage.close(run.did)
    assert "not 7" in run.storage.register(run.did, [wrong[0], good])[0].problem
    with pytest.raises(Conflict, match="closed"):
        run.storage.register(run.did, [template])


def test_what_does_not_exist_or_is_not_allowed_is_said(rucio_system: RucioSystem, tmp_path: Path) -> None:
    run = RucioRun(rucio_system, tmp_path, 410_003)
    with pytest.raises(NotFound, match=r"swf\.410003\.run"):
        run.storage.register(run.did, [run.file(1)])
    with pytest.raises(NotFound):
        run.storage.close(run.did)
    with pytest.raises(BadInput, match="dataset"):
        run.storage.open(replace(run.spec, did=Did(run.did.scope, "has a blank")))
    with pytest.raises(BadInput, match="scope"):
        run.storage.open(replace(run.spec, did=Did("nobody", run.did.name)))
    stranger = RucioRun(rucio_system, tmp_path, 410_003)
    stranger.storage = RucioStorage(
        replace(run.access, password="wrong", token_dir=tmp_path / "others"), "E0-BUFFER", stranger.door
    )
    with pytest.raises(Refused, match="password"):
        stranger.storage.open(run.spec)


def test_a_server_that_is_away_is_unavailable(tmp_path: Path, rucio_system: RucioSystem) -> None:
    access = Access(
        token_dir=tmp_path, url="http://127.0.0.1:9", account="swfdaq", username="swfdaq", password="x"
    )
    run = RucioRun(rucio_system, tmp_path, 410_004)
    with pytest.raises(Unavailable):
        RucioStorage(access, "E0-BUFFER", run.door).open(run.spec)


def test_a_corrupted_copy_is_found_and_replaced_if_the_account_may_declare_it_bad(
    rucio_system: RucioSystem, tmp_path: Path
) -> None:
    run = RucioRun(rucio_system, tmp_path, 410_005, account=Rucio.root)
    files = run.files(1)
    run.storage.open(run.spec)
    run.storage.register(run.did, files)
    wait_for(lambda: run.delivered(files))
    (path,) = rucio_system.sites["JLAB"].data.rglob(files[0].name)
    good = path.read_bytes()
    path.write_bytes(b"x" + good[1:])
    found = run.storage.verify(run.did, "JLAB", files)[0]
    assert found.state is CopyState.FAILED
    assert "checksum" in found.problem
    assert run.storage.verify(run.did, "BNL", files)[0].state is CopyState.VERIFIED
    wait_for(lambda: run.delivered(files))
    assert run.storage.verify(run.did, "JLAB", files)[0].state is CopyState.VERIFIED
    assert path.read_bytes() == good
