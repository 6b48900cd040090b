"""What a JSON Schema says of a value, in the words of the reference pages: its kind, unit and range."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Entry = Mapping[str, Any]

_LIMITS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_KINDS = {
    "boolean": "true, false",
    "date-time": "time",
    "password": "secret",
    "path": "path",
    "string": "text",
    "uuid": "UUID",
}
_MANY = {"text": "texts", "table": "tables", "object": "objects", "integer": "integers", "number": "numbers"}
_MACHINE = frozenset({2**31, 2**62, 2**63})
"""Bounds that come from the width of a number in a machine say nothing of the value."""


class Style(NamedTuple):
    """How a page puts it.

    Attributes:
        null: whether it says where a value may be null.
        object_word: what it calls an object.
        patterns, lengths: whether it says which texts are allowed, and how long.
    """

    null: bool = True
    object_word: str = "object"
    patterns: bool = False
    lengths: bool = False


PLAIN = Style()


def resolved(entry: Entry, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A part of a schema with what it refers to put in, by name; its own words come before those."""
    name = entry.get("$ref", "").rpartition("/")[2]
    return {**definitions[name], **entry} if name else dict(entry)


def in_words(entry: Entry, definitions: Mapping[str, Any], style: Style = PLAIN) -> str:
    """Kind, unit and range of a value."""
    said = resolved(entry, definitions)
    if "anyOf" in said:
        members = [one for one in said["anyOf"] if style.null or one.get("type") != "null"]
        return " or ".join(in_words(one, definitions, style) for one in members)
    if "const" in said:
        return f"`{said['const']}`"
    if "enum" in said:
        return ", ".join(f"`{one}`" for one in said["enum"])
    if said.get("type") == "array":
        kind, comma, bounds = in_words(said.get("items", {}), definitions, style).partition(",")
        return f"list of {_MANY.get(kind, kind)}{comma}{bounds}"
    unit = f" in {said['unit']}" if "unit" in said else ""
    return ", ".join([_kind(said, style) + unit, *_bounds(said, style)])


def _kind(said: Entry, style: Style) -> str:
    kind = str(said.get("type", "anything"))
    word = _KINDS.get(said.get("format", ""), _KINDS.get(kind, kind))
    return style.object_word if word == "object" else word


def _bounds(said: Entry, style: Style) -> list[str]:
    found = [
        text.format(_number(said[key]))
        for key, text in _LIMITS.items()
        if key in said and said[key] not in _MACHINE
    ]
    if style.patterns and "pattern" in said:
        found.append(f"matches `{said['pattern']}`".replace("|", "\\|"))
    if style.lengths and "maxLength" in said:
        found.append(f"at most {said['maxLength']} characters")
    return found


def _number(value: float) -> str:
    return f"{value:g}" if value < 1e6 else f"{int(value)}"
