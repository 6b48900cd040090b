"""Rows on their way between records and tables."""

from typing import Any

Row = dict[str, Any]
"""Values by column."""
