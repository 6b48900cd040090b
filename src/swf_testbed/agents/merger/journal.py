"""What has been merged, kept on disk: a part is in the sum of its run if and only if it is in here.

A merger that dies begins again with the sum it had. Parts are kept singly until there are `FOLD` of them,
then only their sum is kept, with their names.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.merging import RunHistograms

FOLD = 500
"""Parts that a restart reads one by one at most; reading one takes about 1 ms."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS part (
    run INTEGER NOT NULL, name TEXT NOT NULL, products TEXT, PRIMARY KEY (run, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS total (run INTEGER PRIMARY KEY, products TEXT NOT NULL);
"""


Documents = Sequence[dict[str, Any]]
"""What a part adds, as it came: documents of `fastmon.codec` that have no histogram in common."""


def products_of(documents: Documents) -> ProductSet:
    """What the documents of a part add; `BadInput` if one is none."""
    whole = ProductSet()
    for products in map(decode, documents):
        whole.frames += products.frames
        whole.counts |= products.counts
    return whole


class Journal:
    """The parts merged so far, by run; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def load(self, run: int) -> RunHistograms:
        """The sum of a run as far as it was merged."""
        rows = self._rows("SELECT name, products FROM part WHERE run = ?", run)
        [total] = self._rows("SELECT products FROM total WHERE run = ?", run) or [(None,)]
        folded = [name for name, products in rows if products is None]
        histograms = RunHistograms(decode(json.loads(total[0])) if total[0] else ProductSet(), folded)
        for name, products in rows:
            if products is not None:
                histograms.add(name, products_of(json.loads(products)))
        return histograms

    def write(self, run: int, parts: Mapping[str, Documents]) -> None:
        """Add parts, all or none; safe on disk when it returns."""
        rows = [(run, name, json.dumps(documents)) for name, documents in parts.items()]
        with self._transaction():
            self._database.executemany("INSERT OR IGNORE INTO part VALUES (?, ?, ?)", rows)

    def fold(self, run: int, histograms: RunHistograms) -> None:
        """Keep the sum instead of the single parts, once there are many."""
        [(loose,)] = self._rows("SELECT count(*) FROM part WHERE run = ? AND products IS NOT NULL", run)
        if loose < FOLD:
            return
        total = json.dumps(encode(histograms.saved()))
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO total VALUES (?, ?)", (run, total))
            self._database.execute("UPDATE part SET products = NULL WHERE run = ?", (run,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, run: int) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(query, (run,))) as cursor:
            return cursor.fetchall()

    def _transaction(self) -> sqlite3.Connection:
        self._database.execute("BEGIN IMMEDIATE")
        return self._database
