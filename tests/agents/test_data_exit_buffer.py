"""The keeper of the exit buffer, on files of this machine; no services."""

import os
import time
from pathlib import Path
from typing import Any, NamedTuple, cast
from zlib import adler32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from said_alarms import Said

from swf_testbed.adapters.storage import CopyState, DatasetSpec, Did, StoredFile
from swf_testbed.adapters.storage.catalogued import CataloguedStorage
from swf_testbed.adapters.storage.folders import FolderMover
from swf_testbed.agents.data import exit_buffer
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.exit_buffer import Keeper, Surroundings
from swf_testbed.agents.data.notes import Notes
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.config.data import Data
from swf_testbed.daq.buffer_room import BufferRoom, files_of_run
from swf_testbed.model.names import stf_filename
from swf_testbed.records import StfCopy
from swf_testbed.stf.ranges import RangeFile

RUN = 100_010
EXAMPLES = int(os.environ.get("SWF_EXAMPLES", "40"))


class Quiet:
    """In place of what is told."""

    def __init__(self) -> None:
        self.heard: list[StfCopy] = []

    def copy(self, note: StfCopy) -> None:
        self.heard.append(note)


class Buffer(NamedTuple):
    """An exit buffer; `told` is what was said of it, `asked` each question for what processing needs."""

    keeper: Keeper
    archive: RunArchive
    folder: Path
    told: list[dict[str, Any]]
    asked: list[int]
    notes: Quiet


def buffer(tmp_path: Path, rules: Data, count: int = 6, in_use: set[str] | None = None) -> Buffer:
    """A keeper of a buffer with files of 1000 bytes, all at both sites."""
    sites = {site: tmp_path / site for site in rules.sites}
    for path in sites.values():
        path.mkdir()
    storage = CataloguedStorage(rules.site, FolderMover(sites))
    spec = DatasetSpec(did=Did("group.daq", f"swf.{RUN}.run"), run=RUN, sites=rules.sites)
    archive = RunArchive(spec, opened=True)
    folder = tmp_path / "buffer" / str(RUN)
    folder.mkdir(parents=True)
    files = []
    for number in range(1, count + 1):
        path = folder / stf_filename(RUN, number)
        data = bytes([number]) * 1000
        path.write_bytes(data)
        os.utime(path, (time.time() - 100 + number, time.time() - 100 + number))
        files.append(
            StoredFile(name=path.name, size_bytes=1000, checksum=f"ad:{adler32(data):08x}", url=path.as_uri())
        )
    storage.open(spec)
    storage.register(spec.did, files)
    for file in files:
        archive.add(file, 0.0)
        for site in rules.sites:
            storage.deliver(spec.did, site, [file])
            archive.settle(storage.verify(spec.did, site, [file])[0], 0.0, 0.0)
    told: list[dict[str, Any]] = []
    asked: list[int] = []

    def used(run: int) -> set[str]:
        asked.append(run)
        return in_use or set()

    notes = Quiet()
    keeper = Keeper(
        rules,
        Surroundings(
            root=tmp_path / "buffer",
            storage=storage,
            archive_of=lambda run: archive if run == RUN else None,
            in_use=used,
            waiting_bytes=lambda: 0,
            say=lambda cls, **fields: told.append(fields),
            notes=cast(Notes, notes),
            alarms=cast(Alarms, Said()),
        ),
    )
    return Buffer(keeper, archive, folder, told, asked, notes)


def small(**more: Any) -> Data:
    return Data.model_validate({"buffer_capacity": 8e-6, "buffer_high": 0.7, **more})


def names(folder: Path) -> list[int]:
    return [int(path.name.split(".")[2]) for path in sorted(folder.glob("*.stf"))]


def test_above_the_mark_the_oldest_are_deleted_and_they_still_count(tmp_path: Path) -> None:
    keeper, _, folder, told, *_ = buffer(tmp_path, small())
    assert keeper.step()
    assert names(folder) == [3, 4, 5, 6]
    assert len(files_of_run(folder)) == 6
    assert told[-1]["level"] == "low"
    assert not keeper.step()


def test_what_is_older_than_the_horizon_is_deleted_below_the_mark_too(tmp_path: Path) -> None:
    keeper, _, folder, *_ = buffer(tmp_path, small(buffer_capacity=1, buffer_horizon=97 / 3600))
    keeper.step()
    assert names(folder) == [4, 5, 6]


def test_a_file_that_is_read_or_processed_is_kept(tmp_path: Path) -> None:
    keeper, _, folder, *_ = buffer(tmp_path, small(buffer_horizon=0), in_use={stf_filename(RUN, 2)})
    reading = RangeFile(folder / stf_filename(RUN, 1))
    keeper.step()
    assert names(folder) == [1, 2]
    reading.close()
    keeper.step()
    assert names(folder) == [2]


def test_a_copy_that_is_damaged_later_keeps_the_file(tmp_path: Path) -> None:
    keeper, archive, folder, *_ = buffer(tmp_path, small(buffer_horizon=0))
    copy = next((tmp_path / "BNL").rglob(stf_filename(RUN, 4)))
    copy.write_bytes(b"x" * 1000)
    keeper.step()
    assert names(folder) == [4]
    assert [task.position for task in archive.waiting("BNL", 0.0, 10)] == [3] or not archive.files[
        stf_filename(RUN, 4)
    ].registered


def test_what_is_in_use_is_asked_once_for_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_buffer, "TOGETHER", 4)
    made = buffer(tmp_path, small(buffer_horizon=0), in_use={stf_filename(RUN, 2)})
    assert made.keeper.step()
    assert names(made.folder) == [2]
    assert made.asked == [RUN, RUN]
    gone = [stf_filename(RUN, number) for number in (1, 3, 4, 5, 6)]
    assert [(note.stf_file, note.state) for note in made.notes.heard] == [
        (name, CopyState.REMOVED) for name in gone
    ]


def test_large_files_go_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exit_buffer, "TOGETHER_BYTES", 1000)
    made = buffer(tmp_path, small(buffer_horizon=0))
    assert made.keeper.step()
    assert (names(made.folder), made.asked) == ([], [RUN] * 6)


def test_nothing_is_asked_of_a_run_that_is_not_archived(tmp_path: Path) -> None:
    made = buffer(tmp_path, small(buffer_horizon=0))
    for task in made.archive.files.values():
        task.copies["BNL"].state = CopyState.WAITING
    assert not made.keeper.step()
    assert (names(made.folder), made.asked) == ([1, 2, 3, 4, 5, 6], [])


def test_for_each_file_that_must_stay_the_next_goes(tmp_path: Path) -> None:
    kept = {stf_filename(RUN, 1), stf_filename(RUN, 3)}
    made = buffer(tmp_path, small(), in_use=kept)
    assert made.keeper.step()
    assert names(made.folder) == [1, 3, 5, 6]


def test_a_file_that_cannot_be_deleted_stays_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, stubborn = buffer(tmp_path, small(buffer_horizon=0)), stf_filename(RUN, 3)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path.name == stubborn:
            raise PermissionError("not yours")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    assert made.keeper.step()
    assert names(made.folder) == [3]
    assert stubborn not in [note.stf_file for note in made.notes.heard]


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    states=st.lists(st.tuples(*[st.sampled_from(list(CopyState))] * 2), min_size=1, max_size=6),
    used=st.sets(st.integers(1, 6)),
    horizon_h=st.sampled_from([0.0, 97 / 3600, 72.0]),
    capacity=st.sampled_from([1e-6, 4e-6, 1.0]),
)
def test_only_what_is_safe_is_ever_deleted(
    tmp_path_factory: pytest.TempPathFactory,
    states: list[tuple[CopyState, CopyState]],
    used: set[int],
    horizon_h: float,
    capacity: float,
) -> None:
    rules = small(buffer_capacity=capacity, buffer_horizon=horizon_h, buffer_verify=False)
    in_use = {stf_filename(RUN, number) for number in used}
    keeper, archive, folder, *_ = buffer(tmp_path_factory.mktemp("b"), rules, len(states), in_use)
    for (bnl, jlab), task in zip(states, archive.files.values(), strict=True):
        task.copies["BNL"].state, task.copies["JLAB"].state = bnl, jlab
    keeper.step()
    left = set(names(folder))
    for number, copies in enumerate(states, 1):
        if copies != (CopyState.VERIFIED, CopyState.VERIFIED) or number in used:
            assert number in left


def test_the_buffer_is_counted_whatever_is_in_it(tmp_path: Path) -> None:
    room = BufferRoom(tmp_path / "none", 10)
    assert room.usage() == (0, 0)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "a.stf").write_bytes(b"12345")
    (tmp_path / "1" / "b.stf.part").write_bytes(b"123")
    room = BufferRoom(tmp_path, None)
    assert room.usage() == (1, 8)
    assert room.capacity(8) > 8
    (tmp_path / "1" / "a.stf").unlink()
    assert room.usage() == (0, 3)
