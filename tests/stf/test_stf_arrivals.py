"""Files that appear in folders: told of once, when they are complete and nobody writes to them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stf_samples import batch, write

from swf_testbed.stf.arrivals import Arrival, Arrivals, problem_of

SETTLE_S, DAMAGED_S = 5.0, 60.0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("whole") / "a.stf", batch(5)).path.read_bytes()


@pytest.fixture
def arrivals(tmp_path: Path) -> Arrivals:
    return Arrivals([tmp_path], SETTLE_S, DAMAGED_S)


def told(arrivals: Arrivals, clock_s: float, *paths: Path) -> list[Arrival]:
    return list(arrivals.look(paths, clock_s))


def test_a_complete_file_is_told_of_once_it_has_stayed_as_it_is(
    arrivals: Arrivals, tmp_path: Path, whole: bytes
) -> None:
    path = tmp_path / "a.stf"
    path.write_bytes(whole)
    assert told(arrivals, 0, path) == []
    assert told(arrivals, 4.9) == []
    assert told(arrivals, 5.0) == [(path, None)]
    assert told(arrivals, 99, path) == []


def test_a_file_that_grows_is_waited_for(arrivals: Arrivals, tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.stf"
    for part in range(1, 10):
        path.write_bytes(whole[: len(whole) * part // 10])
        assert told(arrivals, 50.0 * part, path) == []
    path.write_bytes(whole)
    assert told(arrivals, 500, path) == []
    assert told(arrivals, 505) == [(path, None)]


def test_a_file_that_stays_incomplete_is_damaged_and_one_in_its_place_is_new(
    arrivals: Arrivals, tmp_path: Path, whole: bytes
) -> None:
    path = tmp_path / "a.stf"
    path.write_bytes(whole[:-10])
    assert told(arrivals, 0, path) == []
    assert told(arrivals, 59) == []
    (arrival,) = told(arrivals, 60)
    assert "ends without an index" in str(arrival.problem)
    assert told(arrivals, 200, path) == []
    path.write_bytes(whole)
    assert told(arrivals, 300, path) == []
    assert told(arrivals, 305) == [(path, None)]


def test_what_is_gone_or_no_file_is_forgotten(arrivals: Arrivals, tmp_path: Path, whole: bytes) -> None:
    path, folder = tmp_path / "a.stf", tmp_path / "b.stf"
    path.write_bytes(whole)
    folder.mkdir()
    assert told(arrivals, 0, path, folder) == []
    path.unlink()
    assert told(arrivals, 10) == []


@given(st.data())
def test_no_beginning_of_a_file_is_complete(
    whole: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.stf"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert problem_of(path) is not None
    path.write_bytes(whole)
    assert problem_of(path) is None


@pytest.mark.parametrize("polling", ["false", "true"])
def test_files_are_found_where_they_appear_and_parts_are_not(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch, polling: str
) -> None:
    """What is there, what is renamed, what is in a new folder; by the kernel's word, or by looking."""
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", polling)
    (tmp_path / "old.stf").write_bytes(whole)
    stopping = threading.Event()
    following = Arrivals([tmp_path], 0.2, 30.0).follow(stopping)
    assert next(following).path.name == "old.stf"
    (tmp_path / ".hidden.stf").write_bytes(whole)
    (tmp_path / "notes.txt").write_bytes(whole)
    (tmp_path / "new.stf.part").write_bytes(whole)
    threading.Timer(0.5, (tmp_path / "new.stf.part").rename, [tmp_path / "new.stf"]).start()
    assert next(following) == (tmp_path / "new.stf", None)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "deep.stf").write_bytes(whole)
    assert next(following).path.name == "deep.stf"
    _ends(following, stopping)


def _ends(following: Iterator[Arrival], stopping: threading.Event) -> None:
    stopping.set()
    assert list(following) == []
