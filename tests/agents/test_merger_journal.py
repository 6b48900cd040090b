"""The merger's journal: a part is in the sum if and only if it was written, however often the merger dies."""

import resource
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from swf_testbed.agents.merger import journal as module
from swf_testbed.agents.merger.journal import Journal, Part
from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.model.errors import Unavailable

KEY = ProductKey("drich", "fine_time")
SPARSE = ProductKey("drich", "channel_occupancy")
RUN = 100_010


def part(number: int) -> Part:
    """One hit in bin `number`, and one in a channel."""
    values = np.zeros(257, np.int64)
    values[number % 256] = 1
    channel = Counts(np.array([1], np.int64), np.array([number], np.int64))
    documents = [encode(ProductSet(7, {KEY: Counts(values)})), encode(ProductSet(0, {SPARSE: channel}))]
    return Part(documents, f"{number // 4}.stf", {"number": number // 4} if number % 4 == 0 else None)


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    first = Journal(tmp_path / "merger.sqlite3")
    first.write(RUN, {"slice:a#0": part(1), "slice:a#1": part(2)})
    first.close()
    again = Journal(tmp_path / "merger.sqlite3")
    histograms = again.load(RUN)
    again.close()
    assert histograms.parts == {"slice:a#0", "slice:a#1"}
    assert histograms.frames == 14
    assert histograms.total("fine_time") == 2


def test_the_same_part_written_twice_counts_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "merger.sqlite3")
    for _ in range(3):
        journal.write(RUN, {"slice:a#0": part(1)})
    assert journal.load(RUN).total("fine_time") == 1
    journal.close()


def test_runs_do_not_mix(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "merger.sqlite3")
    journal.write(RUN, {"slice:a#0": part(1)})
    journal.write(RUN + 1, {"slice:a#0": part(1), "slice:a#1": part(1)})
    assert journal.load(RUN).total("fine_time") == 1
    assert journal.load(RUN + 1).total("fine_time") == 2
    assert journal.load(RUN + 2).parts == set()
    journal.close()


def test_folding_changes_nothing_that_can_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLD", 10)
    folding, plain = Journal(tmp_path / "folding.sqlite3"), Journal(tmp_path / "plain.sqlite3")
    for number in range(37):
        parts = {f"slice:a#{number}": part(number)}
        folding.write(RUN, parts)
        plain.write(RUN, parts)
        folding.fold(RUN, folding.load(RUN))
    folded, single = folding.load(RUN), plain.load(RUN)
    assert folded.parts == single.parts
    assert folded.frames == single.frames
    assert folded.keys() == single.keys()
    for key in single.keys():  # noqa: SIM118  # a method of its own, not a dict's
        np.testing.assert_array_equal(folded.bins(key), single.bins(key))
    # A part that was folded is still known, so that its copy is dropped.
    folding.write(RUN, {"slice:a#0": part(0)})
    assert folding.load(RUN).total("fine_time") == 37
    folding.close()
    plain.close()


def test_the_newest_stfs_stay_singly_through_folding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLD", 10)
    monkeypatch.setattr(module, "RECENT_STFS", 3)
    journal = Journal(tmp_path / "merger.sqlite3")
    for number in range(40):
        journal.write(RUN, {f"slice:a#{number}": part(number)})
        journal.fold(RUN, journal.load(RUN))
    kept = {stf for _, stf, _ in journal.recent(RUN)}
    assert {"7.stf", "8.stf", "9.stf"} <= kept
    assert "0.stf" not in kept
    assert journal.stfs(RUN) == {f"{number}.stf": {"number": number} for number in range(10)}
    assert journal.load(RUN).total("fine_time") == 40
    journal.close()


def test_a_disk_without_room_is_waited_for_and_nothing_is_half_written(tmp_path: Path) -> None:
    """The handler's patience tries again what is `Unavailable`, without limit."""
    journal = Journal(tmp_path / "merger.sqlite3")
    journal.write(RUN, {"slice:a#0": part(0)})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(Unavailable, match="cannot be written"):
            journal.write(RUN, {f"slice:b#{number}": part(number) for number in range(100)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert journal.load(RUN).parts == {"slice:a#0"}
    journal.write(RUN, {"slice:b#1": part(1)})
    assert journal.load(RUN).parts == {"slice:a#0", "slice:b#1"}
    journal.close()


def test_a_journal_that_another_has_locked_is_waited_for(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "merger.sqlite3")
    journal.close()
    quick = sqlite3.connect(tmp_path / "merger.sqlite3", timeout=0, isolation_level=None)
    journal = Journal(tmp_path / "merger.sqlite3", locked_s=0.1)
    quick.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        journal.write(RUN, {"slice:a#0": part(0)})
    quick.execute("ROLLBACK")
    quick.close()
    journal.write(RUN, {"slice:a#0": part(0)})
    assert journal.load(RUN).parts == {"slice:a#0"}
    journal.close()
