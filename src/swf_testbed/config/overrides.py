"""Values that are set one by one, as `section.key`."""

import tomllib
from typing import Any

from swf_testbed.config.known import LOOSE, SECTIONS, home_of, nearest
from swf_testbed.config.layers import Table
from swf_testbed.model.errors import BadInput


def parse_override(text: str) -> tuple[str, Any]:
    """`section.key=value` as a person types it; the value is TOML, or `none` for no value, or plain text."""
    dotted, equals, said = text.partition("=")
    if not equals or "." not in dotted:
        raise BadInput("--set", text, "must be section.key=value, like fast_processing.slices_per_sample=15")
    if said.strip() == "none":
        return dotted.strip(), None
    try:
        document = tomllib.loads(f"value = {said}")
    except (ValueError, RecursionError):
        document = {}
    # A line break would make it a document of several values.
    return dotted.strip(), document["value"] if len(document) == 1 else said


def set_value(table: Table, dotted: str, value: Any) -> None:
    """Set `section.key` in a table; `BadInput` if there is no such section, or no table to hold the key."""
    section, *path = dotted.split(".")
    if not path:
        raise BadInput("parameter", dotted, "must be named section.key")
    if section == LOOSE:
        section = home_of(path[0])
    if section not in SECTIONS:
        raise BadInput(dotted, value, f"section {section} {nearest(section, SECTIONS)}")
    inner = table.setdefault(section, {})
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadInput(dotted, value, f"{name} is one value, without keys below it")
    inner[path[-1]] = value
