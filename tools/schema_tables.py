"""Tables of the reference pages, from the schemas of models: kind, range, unit and default of each value."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from swf_testbed.model.schema_words import Style, in_words, resolved

_TOML = Style(null=False, object_word="table", patterns=True)


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
    whole = resolved(entry, schema.get("$defs", {}))
    head = f"{'#' * level} {title}\n\n{whole.get('description', '')}\n"
    if "properties" not in whole:
        return head
    required = whole.get("required", ())
    rows = [["Key", "Value", "Default", "Notes"], ["---"] * 4]
    below = []
    for key, said in whole["properties"].items():
        one = resolved(said, schema.get("$defs", {}))
        if "properties" in one:
            below.append(section(f"{title.rstrip('`]')}.{key}]`", said, schema, level + 1))
        elif "const" not in one:
            default = "required" if key in required else default_of(one)
            rows.append([f"`{key}`", kind_of(said, schema), default, description(one)])
    return "\n".join([f"{head}\n{table(rows)}", *below])


def description(entry: dict[str, Any]) -> str:
    """What a value is: in its own words, or in those of the type that it may be unset of."""
    inner = next((one["description"] for one in entry.get("anyOf", ()) if "description" in one), "")
    return str(entry.get("description", inner))


def kind_of(entry: dict[str, Any], schema: dict[str, Any]) -> str:
    """Kind, unit and range of a value, as TOML and the environment have it."""
    return in_words(entry, schema.get("$defs", {}), _TOML)


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
