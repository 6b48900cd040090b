"""Histograms as what a browser draws."""

from typing import Any

from swf_testbed.fastmon.uhi_codec import drawing


def as_root(row: dict[str, Any]) -> dict[str, Any]:
    """The row with `content` as JSROOT wants it; None, and the reason in `problem`, if it cannot be drawn."""
    content, problem = drawing(row["content"])
    return {**row, "content": content} | ({"problem": problem} if problem else {})
