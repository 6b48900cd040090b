"""Why the database cannot be used now, for those who ask; the server's log has its own words."""

from django.db import DatabaseError, Error, InterfaceError, OperationalError

from swf_testbed.model.errors import SQL_DISK_FULL, SQL_READ_ONLY

_FULL, _CLOSED = "the disk of the database is full", "the database cannot be written"

_NO_RIGHT = "42501"
"""PostgreSQL's number for a right that was taken away."""

_CODES = {SQL_DISK_FULL: _FULL, SQL_READ_ONLY: _CLOSED, _NO_RIGHT: _CLOSED}
"""By PostgreSQL's own numbers, as its words are in whatever language it was set up in."""

_KNOWN = {
    "locked": "another program keeps the database locked",
    "disk is full": _FULL,
    "No space left": _FULL,
    "quota exceeded": _FULL,
    "disk I/O error": "the disk of the database is full, or fails",
    "readonly": _CLOSED,
    "Read-only": _CLOSED,
}
"""By what is in the database's own words, which may also tell where it is, and as whom it is asked."""

_INTERNAL = "XX000"
"""PostgreSQL's number for what it did not expect: a quota that is used up, for one."""


def is_outage(error: Exception) -> bool:
    """Whether the database is at fault and not what was asked of it, so that trying again later may help."""
    # Of no kind of its own is what SQLite says of a file that is damaged.
    if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
        return True
    return _code(error) in _CODES or (_code(error) == _INTERNAL and _told(error) is not None)


def reason(error: Error) -> str:
    """What is wrong, in words that give nothing away."""
    return _CODES.get(_code(error)) or _told(error) or "the database did not answer in time"


def trouble(error: Error) -> str:
    """What to tell."""
    return f"{reason(error)}; try again"


def _code(error: Exception) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def _told(error: Exception) -> str | None:
    said = str(error)
    return next((text for words, text in _KNOWN.items() if words in said), None)
