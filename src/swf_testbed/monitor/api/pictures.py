"""Histograms as what a browser draws."""

from typing import Any

from swf_testbed.fastmon.uhi_codec import root_json
from swf_testbed.model.errors import BadInput


def as_root(row: dict[str, Any]) -> dict[str, Any]:
    """The row with `content` as JSROOT wants it; None, and the reason in `problem`, if it cannot be drawn."""
    try:
        return {**row, "content": root_json(row["content"])}
    except BadInput as error:
        return {**row, "content": None, "problem": str(error)}
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError):
        return {**row, "content": None, "problem": "the content is not a UHI document"}
