"""Tables of the reference pages, from the schemas of models: kind, range, unit and default of each value."""

import re
from typing import Any

from pydantic import BaseModel, TypeAdapter

_LIMITS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_LISTS = {"object": "list of tables", "integer": "list of integers", "string": "list of texts"}
_EXACT_POWERS = {2**63: "2^63"}


def kinds(union: Any) -> str:
    """Every member of a union that is told apart by `kind`."""
    schema = TypeAdapter(union).json_schema()
    members = schema["discriminator"]["mapping"]
    return "\n".join(
        section(f'`kind = "{kind}"`', {"$ref": ref}, schema, level=3) for kind, ref in members.items()
    )


def alone(model: type[BaseModel]) -> str:
    """The keys of a table that stands in a list."""
    schema = model.model_json_schema()
    return section("", schema, schema).removeprefix("##").strip() + "\n"


def section(title: str, entry: dict[str, Any], schema: dict[str, Any], level: int = 2) -> str:
    """A table of TOML as a section of a page, and the tables in it as sections one level below."""
    whole = resolved(entry, schema)
    head = f"{'#' * level} {title}\n\n{whole.get('description', '')}\n"
    if "properties" not in whole:
        return head
    required = whole.get("required", ())
    rows = [["Key", "Value", "Default", "Notes"], ["---"] * 4]
    below = []
    for key, said in whole["properties"].items():
        one = resolved(said, schema)
        if "properties" in one:
            below.append(section(f"{title.rstrip('`]')}.{key}]`", said, schema, level + 1))
        elif "const" not in one:
            default = "required" if key in required else default_of(one)
            rows.append([f"`{key}`", kind_of(one), default, description(one)])
    return "\n".join([f"{head}\n{table(rows)}", *below])


def resolved(entry: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema with what it refers to put in; its own words come before those."""
    reference = entry.get("$ref", "").removeprefix("#/$defs/")
    if "anyOf" in entry:
        return {**entry, "anyOf": [resolved(one, schema) for one in entry["anyOf"]]}
    return {**schema["$defs"][reference], **entry} if reference else entry


def description(entry: dict[str, Any]) -> str:
    """What a value is: in its own words, or in those of the type that it may be unset of."""
    inner = next((one["description"] for one in entry.get("anyOf", ()) if "description" in one), "")
    return str(entry.get("description", inner))


def kind_of(entry: dict[str, Any]) -> str:
    """Type and range of a value, in words."""
    if "anyOf" in entry:
        return " or ".join(kind_of(one) for one in entry["anyOf"] if one.get("type") != "null")
    if "enum" in entry:
        return ", ".join(f"`{one}`" for one in entry["enum"])
    if pattern := entry.get("pattern"):
        choices = re.fullmatch(r"\^\(([A-Z|]+)\)\$", pattern)
        shown = ", ".join(f"`{one}`" for one in choices[1].split("|")) if choices else f"matches `{pattern}`"
        return shown.replace("|", "\\|")
    limits = [text.format(_number(entry[key])) for key, text in _LIMITS.items() if key in entry]
    unit = [f"in {entry['unit']}"] if "unit" in entry else []
    return ", ".join([" ".join([_kind(entry), *unit]), *limits])


def _kind(entry: dict[str, Any]) -> str:
    if entry.get("type") == "array":
        items = entry.get("items", {})
        return _LISTS["object"] if "$ref" in items else _LISTS.get(items.get("type"), "list")
    words = {
        "string": "text",
        "boolean": "true, false",
        "integer": "integer",
        "number": "number",
        "object": "table",
    }
    return {"path": "path", "password": "secret"}.get(entry.get("format", ""), words[entry["type"]])


def _number(value: float) -> str:
    return _EXACT_POWERS.get(int(value), f"{value:g}" if value < 1e6 else f"{int(value)}")


def default_of(entry: dict[str, Any]) -> str:
    """What counts if nothing is said."""
    value = entry.get("default")
    if value is None or value == "":
        return "not set"
    if value in ([], {}):
        return "none"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shown}`"


def table(rows: list[list[str]]) -> str:
    """Rows of cells as Markdown; the first two are the head and the line below it."""
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
