"""What was judged, kept on disk before it is told: a merger that dies neither loses nor doubles a flag."""

import json
import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from swf_testbed.fastmon.flags import Flag
from swf_testbed.fastmon.reference import Profile
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.errors import SwfError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS flag (
    run INTEGER NOT NULL, subsystem TEXT NOT NULL, check_name TEXT NOT NULL, since TEXT NOT NULL,
    stands INTEGER NOT NULL, told INTEGER NOT NULL, flag TEXT NOT NULL,
    PRIMARY KEY (run, subsystem, check_name, since)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (
    run INTEGER PRIMARY KEY, execution TEXT, total INTEGER, finished INTEGER NOT NULL DEFAULT 0, kept TEXT
);
"""
_log = logging.getLogger(__name__)
_FLAG: TypeAdapter[Flag] = TypeAdapter(Flag)
_STFS: TypeAdapter[list[StfSeen]] = TypeAdapter(list[StfSeen])


@dataclass(slots=True)
class Kept:
    """Where judging of a run begins again.

    Attributes:
        standing: the flags that hold.
        profile: the profile as it was last kept, of the STFs `profiled`.
        finished: whether the run is over.
    """

    standing: list[Flag] = field(default_factory=list)
    profile: Profile | None = None
    profiled: list[StfSeen] = field(default_factory=list)
    finished: bool = False


class Verdicts:
    """Flags and profiles by run; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=20)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def begin(self, run: int, execution: str | None) -> Kept:
        """What is kept of a run, which is from now on one that is judged."""
        self._database.execute("INSERT OR IGNORE INTO run (run, execution) VALUES (?, ?)", (run, execution))
        [(finished, kept)] = self._rows("SELECT finished, kept FROM run WHERE run = ?", run)
        rows = self._rows("SELECT flag FROM flag WHERE run = ? AND stands", run)
        found = Kept([_FLAG.validate_json(text) for (text,) in rows], finished=bool(finished))
        found.profile, found.profiled = _profile(run, kept)
        return found

    def ended(self, run: int, execution: str | None, total: int) -> None:
        """The DAQ has ended a run of so many STFs."""
        self._database.execute(
            "INSERT INTO run (run, execution, total) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET total = excluded.total",
            (run, execution, total),
        )

    def open_runs(self) -> dict[int, tuple[str | None, int | None]]:
        """The runs that are not finished: their executions, and how many STFs those have that were ended."""
        rows = self._rows("SELECT run, execution, total FROM run WHERE NOT finished")
        return {run: (execution, total) for run, execution, total in rows}

    def enter(self, run: int, changes: Sequence[Flag]) -> None:
        """Keep flags that are new, or have ended, to be told."""
        rows = [
            (
                run,
                flag.subsystem,
                flag.check,
                flag.since.isoformat(),
                flag.until is None,
                _FLAG.dump_json(flag).decode(),
            )
            for flag in changes
        ]
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            self._database.executemany(
                "INSERT OR REPLACE INTO flag (run, subsystem, check_name, since, stands, told, flag)"
                " VALUES (?, ?, ?, ?, ?, 0, ?)",
                rows,
            )

    def untold(self, run: int) -> list[Flag]:
        """Flags that nobody was told of, in the order of their beginnings."""
        rows = self._rows("SELECT flag FROM flag WHERE run = ? AND NOT told ORDER BY since", run)
        return [_FLAG.validate_json(text) for (text,) in rows]

    def told(self, run: int, flags: Sequence[Flag]) -> None:
        """They were told, as they are."""
        rows = [(run, one.subsystem, one.check, one.since.isoformat()) for one in flags]
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            self._database.executemany(
                "UPDATE flag SET told = 1 WHERE run = ? AND subsystem = ? AND check_name = ? AND since = ?",
                rows,
            )

    def keep(self, run: int, profile: dict[str, Any], profiled: Sequence[StfSeen], *, finished: bool) -> None:
        """The profile of a run, and of which STFs it is."""
        kept = json.dumps({"profile": profile, "profiled": _STFS.dump_python(list(profiled), mode="json")})
        self._database.execute("UPDATE run SET kept = ?, finished = ? WHERE run = ?", (kept, finished, run))

    def finish(self, run: int) -> None:
        """It is over, and there was nothing to judge."""
        self._database.execute("UPDATE run SET finished = 1 WHERE run = ?", (run,))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        with closing(self._database.execute(query, values)) as cursor:
            return cursor.fetchall()


def _profile(run: int, kept: str | None) -> tuple[Profile | None, list[StfSeen]]:
    document = {} if kept is None else json.loads(kept)
    if not document.get("profile"):
        return None, []
    try:
        return Profile.of_document(document["profile"]), _STFS.validate_python(document["profiled"])
    except (SwfError, ValueError) as error:
        _log.warning("run %d: its profile was damaged, and is begun anew: %s", run, error)
        return None, []
