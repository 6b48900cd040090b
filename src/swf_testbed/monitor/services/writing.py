"""How the database is written: one transaction at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_one_writer = threading.RLock()
_mine = threading.local()

_WRITER_LOCK = 0x737766
"""What writers in PostgreSQL agree to wait for: `swf`."""


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes.

    SQLite has one writer: threads of a process queue here, in order, rather than poll for the database's
    lock. PostgreSQL is told to do the same, so that what is read before it is written stays true until then
    in both. Readers are not held up.
    """
    with _one_writer, transaction.atomic():
        if getattr(_mine, "locked", False):
            yield
            return
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITER_LOCK])
        _mine.locked = True
        try:
            yield
        finally:
            _mine.locked = False
