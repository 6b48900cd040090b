"""The error tree: what can go wrong, sorted by what the one who sees it should do."""

import errno
from collections.abc import Iterable
from typing import Any

_SHOWN_CHARS = 80

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""An `OSError` of these waits for room: on the disk, for this user, in a file of this process."""

SQL_DISK_FULL, SQL_READ_ONLY = "53100", "25006"
"""PostgreSQL's own numbers for the same, and for a server that lets nobody write (its manual, appendix A)."""


class SwfError(Exception):
    """Any error of the testbed that is meant to be read by a person."""


class BadInput(SwfError):
    """Something said from outside is wrong: the field, the value, and what is allowed.

    Args:
        field: the name of what is wrong, as the one who said it knows it.
        value: what was said.
        allowed: what would have been accepted, in words.
    """

    def __init__(self, field: str, value: Any, allowed: str) -> None:
        self.field, self.value, self.allowed = field, value, allowed
        super().__init__(f"{field} = {shorten(value)}: {allowed}")


class IllegalTransition(SwfError):
    """A state was asked for that cannot follow the present one."""


class NotFound(SwfError):
    """What was asked for does not exist."""


class Conflict(SwfError):
    """What was asked contradicts what is already recorded."""


class Refused(SwfError):
    """Understood, and not allowed now; the text says what to do first."""


class Unavailable(SwfError):
    """A service or a source did not answer; trying again later may help."""


class BadData(SwfError):
    """Stored or transferred data is damaged; trying again does not help."""


def shorten(value: Any) -> str:
    """A value as it may stand in an error message: quoted, and never longer than a line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, or nested without end
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def one_of(values: Iterable[object]) -> str:
    """'allowed' for a closed set of values."""
    return "must be one of " + ", ".join(str(value) for value in values)


def readable(text: str, most: int = 2000) -> str:
    """A text as any JSON and any database can keep it: no NUL, no lone surrogates, not endless."""
    return text[:most].replace("\0", "�").encode("utf-8", "replace").decode()
