"""What a real Rucio refuses; what it does as every storage does is in `test_storage_contract.py`."""

from dataclasses import replace
from pathlib import Path

import pytest
from rucio_runs import RucioRun

from swf_test_servers.rucio_system import RucioSystem
from swf_testbed.adapters.rucio import Access, RucioStorage
from swf_testbed.adapters.storage import Did
from swf_testbed.model.errors import BadInput, Conflict, NotFound, Refused, Unavailable

pytestmark = pytest.mark.timeout(600)


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
