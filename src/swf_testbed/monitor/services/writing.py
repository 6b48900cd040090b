"""How the database is written: one writer a process, one transaction at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

_one_writer = threading.RLock()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes.

    SQLite has one writer: threads of a process queue here, in order, rather than poll for the database's
    lock. Readers are not held up.
    """
    with _one_writer, transaction.atomic():
        yield
