"""Rows on their way between records and tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from swf_testbed.model.clock import iso

Row = dict[str, Any]
"""Values by column."""


def number_in(value: object) -> float | None:
    """A number that somebody wrote into a document; None for anything else."""
    return value if isinstance(value, int | float) else None


def plain(value: Any) -> Any:
    """A value as answers have it: times and identities as text."""
    if isinstance(value, datetime):
        return iso(value)
    return str(value) if isinstance(value, UUID) else value
