"""What outlives the broker: messages and durable subscriptions in SQLite, many changes a commit.

All writing and reading is done by one thread. The event loop collects changes into a batch; the thread
commits a batch while the next one collects, so the busier the broker, the larger its commits. WAL with
`synchronous=NORMAL`: what is committed survives the death of the process, not always that of the machine.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from swf_testbed.broker.message import OVERHEAD, Message
from swf_testbed.model.errors import BadData, Unavailable

log = logging.getLogger(__name__)

FILE_NAME = "broker.sqlite3"
_VERSION = 1
_SCHEMA = """
CREATE TABLE backlog (
    id INTEGER PRIMARY KEY, destination TEXT NOT NULL,
    client_id TEXT NOT NULL, subscription TEXT NOT NULL, selector TEXT NOT NULL
);
CREATE TABLE entry (
    backlog INTEGER NOT NULL, seq INTEGER NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
);
CREATE UNIQUE INDEX entry_order ON entry (backlog, seq);
"""
_ROWS_A_STATEMENT = (128, 16, 1)
"""Rows are written by statements of these sizes: each statement hands the GIL over once."""

_INSERTS = {
    rows: f"INSERT INTO entry VALUES {','.join(['(?,?,?,?)'] * rows)}"  # noqa: S608  # placeholders only
    for rows in _ROWS_A_STATEMENT
}
_DELETE = "DELETE FROM entry WHERE backlog = ? AND seq IN (SELECT value FROM json_each(?))"
_PAGE = "SELECT seq, headers, body FROM entry WHERE backlog = ? AND seq > ? ORDER BY seq LIMIT ?"


class Backlog(NamedTuple):
    """A queue, or a durable subscription (then with client id and name), as the store knows it."""

    id: int
    destination: str
    client_id: str = ""
    subscription: str = ""
    selector: str = ""


class Saved(NamedTuple):
    """A backlog found at start: how many messages it holds, the last one's number, and their bytes."""

    backlog: Backlog
    size: int
    last: int
    size_bytes: int = 0


class Page(NamedTuple):
    """A stretch of a backlog; `complete` when nothing followed it at the time of reading."""

    rows: list[tuple[int, str, bytes]]
    complete: bool


class _Read(NamedTuple):
    backlog: int
    after: int
    rows: int
    max_bytes: int
    done: Callable[[Page], None]


@dataclass(slots=True)
class _Batch:
    statements: list[tuple[str, Sequence[Any]]] = field(default_factory=list)
    inserts: dict[tuple[int, int], Message] = field(default_factory=dict)
    deletes: dict[int, list[int]] = field(default_factory=dict)
    reads: list[_Read] = field(default_factory=list)
    waiters: list[Callable[[], None]] = field(default_factory=list)
    touched: bool = False


class Store:
    """The one door to the disk. Every method is called on the event loop's thread.

    Args:
        directory: made if missing; belongs to one broker at a time.
        congestion: bytes waiting to be committed from which on the store is `congested`.

    Raises:
        Unavailable: another broker uses the directory.
        BadData: the file there is not ours.
    """

    def __init__(self, directory: Path, congestion: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / FILE_NAME
        self._connection = self._open()
        self.saved = self._load()
        self._next_id = max((entry.backlog.id for entry in self.saved), default=0) + 1
        self._congestion = congestion
        self._pending_bytes = 0
        self._batch = _Batch()
        self._busy: _Batch | None = None
        self._scheduled = False
        self._abandoned = False
        self._work: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_failure: Callable[[Exception], None] = lambda _error: None
        self._thread = threading.Thread(target=self._run, name="broker-store", daemon=True)

    def start(self, on_failure: Callable[[Exception], None]) -> None:
        """Begin to work for the running event loop; `on_failure` hears when the disk fails."""
        self._loop = asyncio.get_running_loop()
        self._on_failure = on_failure
        self._thread.start()

    def create(self, destination: str, client_id: str, subscription: str, selector: str) -> int:
        """A new backlog's number."""
        row = Backlog(self._next_id, destination, client_id, subscription, selector)
        self._next_id += 1
        self._change().statements.append(("INSERT INTO backlog VALUES (?,?,?,?,?)", row))
        return row.id

    def drop(self, backlog: int) -> None:
        """Forget a backlog and all its messages."""
        batch = self._change()
        for key in [key for key in batch.inserts if key[0] == backlog]:
            del batch.inserts[key]
        batch.deletes.pop(backlog, None)
        batch.statements.append(("DELETE FROM backlog WHERE id = ?", (backlog,)))
        batch.statements.append(("DELETE FROM entry WHERE backlog = ?", (backlog,)))

    def insert(self, backlog: int, message: Message) -> None:
        """Keep a message."""
        self._change().inserts[backlog, message.seq] = message
        self._pending_bytes += message.size

    def delete(self, backlog: int, seq: int) -> None:
        """Let a message go; one that was not written yet never will be."""
        batch = self._change()
        if batch.inserts.pop((backlog, seq), None) is None:
            batch.deletes.setdefault(backlog, []).append(seq)

    def read(
        self, backlog: int, after: int, *, rows: int, max_bytes: int, done: Callable[[Page], None]
    ) -> None:
        """Read what follows message `after`, with every change asked for so far; `done` gets the page."""
        self._change().reads.append(_Read(backlog, after, rows, max_bytes, done))

    def barrier(self, done: Callable[[], None]) -> None:
        """Call `done` when every change asked for so far is committed: at once if there is none."""
        if self._batch.touched:
            self._batch.waiters.append(done)
        elif self._busy is not None:
            self._busy.waiters.append(done)
        else:
            done()

    @property
    def congested(self) -> bool:
        """True when the disk is slower than the producers: they should wait for the next commit."""
        return self._pending_bytes >= self._congestion

    def abandon(self) -> None:
        """Commit nothing more, as if the process had been killed."""
        self._abandoned = True

    def close(self) -> None:
        """Commit what is pending and close the file."""
        if self._thread.is_alive():
            if not self._abandoned:
                self._work.put(self._batch)
            self._work.put(None)
            self._thread.join()
        self._connection.close()

    # -- event loop's side of a batch

    def _change(self) -> _Batch:
        batch = self._batch
        if not batch.touched:
            batch.touched = True
            if self._busy is None and not self._scheduled and self._loop is not None:
                self._scheduled = True
                self._loop.call_soon(self._hand_over)
        return batch

    def _hand_over(self) -> None:
        self._scheduled = False
        if self._abandoned or self._busy is not None:
            return
        self._busy, self._batch, self._pending_bytes = self._batch, _Batch(), 0
        self._work.put(self._busy)

    def _committed(self, batch: _Batch, pages: list[Page]) -> None:
        self._busy = None
        if self._batch.touched:
            self._hand_over()
        for request, page in zip(batch.reads, pages, strict=True):
            request.done(page)
        for done in batch.waiters:
            done()

    # -- the thread's side

    def _run(self) -> None:
        while (batch := self._work.get()) is not None and not self._abandoned:
            assert self._loop is not None  # noqa: S101  # for the type checker: `start` set it
            try:
                pages = self._execute(batch)
            except sqlite3.Error as error:
                self._tell(self._on_failure, error)
                return
            self._tell(self._committed, batch, pages)

    def _tell(self, callback: Callable[..., object], *args: object) -> None:
        assert self._loop is not None  # noqa: S101  # for the type checker: `start` set it
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            log.debug("event loop closed before the store")

    def _execute(self, batch: _Batch) -> list[Page]:
        execute = self._connection.execute
        if batch.statements or batch.inserts or batch.deletes:
            execute("BEGIN IMMEDIATE")
            for statement, values in batch.statements:
                execute(statement, values)
            self._insert(batch.inserts)
            for backlog, seqs in batch.deletes.items():
                execute(_DELETE, (backlog, str(seqs)))
            execute("COMMIT")
        return [self._page(request) for request in batch.reads]

    def _insert(self, inserts: dict[tuple[int, int], Message]) -> None:
        rows = [(*key, message.stored_headers(), message.body) for key, message in inserts.items()]
        done = 0
        for size in _ROWS_A_STATEMENT:
            while len(rows) - done >= size:
                values = [value for row in rows[done : done + size] for value in row]
                self._connection.execute(_INSERTS[size], values)
                done += size

    def _page(self, request: _Read) -> Page:
        rows: list[tuple[int, str, bytes]] = []
        size = 0
        cursor = self._connection.execute(_PAGE, (request.backlog, request.after, request.rows))
        for row in cursor:
            rows.append(row)
            size += len(row[2])
            if size >= request.max_bytes:
                cursor.close()
                return Page(rows, complete=False)
        return Page(rows, complete=len(rows) < request.rows)

    # -- opening

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=0.5, isolation_level=None, check_same_thread=False)
        try:
            # One process owns the file: exclusive mode needs no shared memory and refuses a second broker.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            connection.close()
            raise Unavailable(f"{self._path}: {error}; does another broker use it?") from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise BadData(f"{self._path}: {error}") from error
        if version not in (0, _VERSION):
            connection.close()
            raise BadData(f"{self._path}: version {version}, this broker reads version {_VERSION}")
        return connection

    def _load(self) -> list[Saved]:
        sizes: Iterable[tuple[int, int, int, int]] = self._connection.execute(
            "SELECT backlog, count(*), max(seq), sum(length(body)) FROM entry GROUP BY backlog"
        )
        found = {backlog: (count, last, count * OVERHEAD + size) for backlog, count, last, size in sizes}
        rows = self._connection.execute("SELECT * FROM backlog")
        return [Saved(Backlog(*row), *found.get(row[0], (0, 0))) for row in rows]
