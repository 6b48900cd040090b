"""Why the database cannot be used now, for those who ask; the server's log has its own words."""

from django.db import DatabaseError

_KNOWN = {
    "locked": "another program keeps the database locked",
    "disk is full": "the disk of the database is full",
    "No space left": "the disk of the database is full",
    "disk I/O error": "the disk of the database is full, or fails",
    "readonly": "the database cannot be written",
}
"""By what is in the database's own words, which may also tell where it is, and as whom it is asked."""


def trouble(error: DatabaseError) -> str:
    """What to tell."""
    said = str(error)
    known = (text for words, text in _KNOWN.items() if words in said)
    return f"{next(known, 'the database did not answer in time')}; try again"
