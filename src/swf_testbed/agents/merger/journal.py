"""What has been merged, kept on disk: a part is in the sum of its run if and only if it is in here.

A merger that dies begins again with the sum it had. Parts are kept singly until there are `FOLD` of them,
then their sum is kept, with their names; the newest are also kept singly, for the windows by which the run is
judged.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.merging import RunHistograms
from swf_testbed.model.errors import Unavailable

FOLD = 500
"""Parts that a restart reads one by one at most; reading one takes about 1 ms."""

RECENT_STFS = 64
"""STFs whose parts stay singly in here: more than the longest window has at ePIC's rate."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS part (
    run INTEGER NOT NULL, name TEXT NOT NULL, products TEXT, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (run INTEGER PRIMARY KEY, products TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stf (
    run INTEGER NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL, about TEXT, PRIMARY KEY (run, name)
) WITHOUT ROWID;
"""
_ADDED = {"stf": "TEXT", "folded": "INTEGER NOT NULL DEFAULT 0"}
"""Columns of `part` that files of before do not have."""

Documents = Sequence[dict[str, Any]]
"""What a part adds, as it came: documents of `fastmon.codec` that have no histogram in common."""


@dataclass(frozen=True, slots=True)
class Part:
    """A slice, or what the index of an STF gives.

    Attributes:
        documents: what it adds.
        stf: the name of its STF.
        about: what is known of that STF, from whoever read its index.
    """

    documents: Documents
    stf: str
    about: dict[str, Any] | None = None


def products_of(documents: Documents) -> ProductSet:
    """What the documents of a part add; `BadInput` if one is none."""
    whole = ProductSet()
    for products in map(decode, documents):
        whole.frames += products.frames
        whole.counts |= products.counts
    return whole


class Journal:
    """The parts merged so far, by run; used by one thread at a time.

    Args:
        path: the file.
        locked_s: how long one who has locked the file is waited for before that is `Unavailable`, s.
    """

    def __init__(self, path: Path, locked_s: float = 20.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._database = sqlite3.connect(
            path, timeout=locked_s, check_same_thread=False, isolation_level=None
        )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)
        self._add_columns()

    def _add_columns(self) -> None:
        there = {name for _, name, *_ in self._rows("PRAGMA table_info(part)")}
        for name, kind in _ADDED.items():
            if name not in there:
                self._database.execute(f"ALTER TABLE part ADD COLUMN {name} {kind}")

    def load(self, run: int) -> RunHistograms:
        """The sum of a run as far as it was merged."""
        rows = self._rows("SELECT name, folded OR products IS NULL, products FROM part WHERE run = ?", run)
        [total] = self._rows("SELECT products FROM total WHERE run = ?", run) or [(None,)]
        folded = [name for name, is_folded, _ in rows if is_folded]
        histograms = RunHistograms(decode(json.loads(total[0])) if total[0] else ProductSet(), folded)
        for name, is_folded, products in rows:
            if not is_folded:
                histograms.add(name, products_of(json.loads(products)))
        return histograms

    def stfs(self, run: int) -> dict[str, dict[str, Any]]:
        """What is known of the STFs of a run whose index was read, by name."""
        rows = self._rows("SELECT name, about FROM stf WHERE run = ? AND about IS NOT NULL", run)
        return {name: json.loads(about) for name, about in rows}

    def recent(self, run: int) -> Iterator[tuple[str, str, ProductSet]]:
        """The newest parts of a run: name of the part, name of its STF, and what it added."""
        query = (
            "SELECT name, stf, products FROM part WHERE run = ? AND stf IS NOT NULL AND products IS NOT NULL"
        )
        for name, stf, products in self._rows(query, run):
            yield name, stf, products_of(json.loads(products))

    def write(self, run: int, parts: Mapping[str, Part]) -> None:
        """Add parts, all or none; safe on disk when it returns."""
        rows = [(run, name, json.dumps(part.documents), part.stf) for name, part in parts.items()]
        with self._transaction():
            self._database.executemany(
                "INSERT OR IGNORE INTO part (run, name, products, stf) VALUES (?, ?, ?, ?)", rows
            )
            for part in parts.values():
                about = None if part.about is None else json.dumps(part.about)
                self._database.execute(
                    "INSERT INTO stf VALUES (?, ?, (SELECT count(*) FROM stf WHERE run = ?), ?)"
                    " ON CONFLICT DO UPDATE SET about = coalesce(about, excluded.about)",
                    (run, part.stf, run, about),
                )

    def fold(self, run: int, histograms: RunHistograms) -> None:
        """Keep the sum instead of the single parts, once there are many."""
        loose = self._rows(
            "SELECT count(*) FROM part WHERE run = ? AND products IS NOT NULL AND NOT folded", run
        )
        if loose[0][0] < FOLD:
            return
        total = json.dumps(encode(histograms.saved()))
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO total VALUES (?, ?)", (run, total))
            self._database.execute("UPDATE part SET folded = 1 WHERE run = ?", (run,))
            self._database.execute(
                "UPDATE part SET products = NULL WHERE run = ?1 AND (stf IS NULL OR stf NOT IN"
                " (SELECT name FROM stf WHERE run = ?1 ORDER BY number DESC LIMIT ?2))",
                (run, RECENT_STFS),
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(query, values)) as cursor:
            return cursor.fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; `Unavailable` while there is no room on the disk, or another has the file."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            with self._database:
                yield
        except sqlite3.OperationalError as error:
            raise Unavailable(f"the journal {self._path} cannot be written: {error}") from None
