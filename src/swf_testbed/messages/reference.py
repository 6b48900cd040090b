"""The reference page of the messages, from their classes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from swf_testbed.messages.envelope import Message
from swf_testbed.messages.examples import example
from swf_testbed.messages.registry import REGISTRY
from swf_testbed.messages.schemas import resolved

_ENVELOPE = frozenset(Message.model_fields)
_IN_WORDS = {"string": "text", "uuid": "UUID", "date-time": "time"}


def page() -> str:
    """Every message: what it says, where it goes, its fields, an example."""
    return (
        f"""\
# Messages

JSON over STOMP 1.2, one type for each thing that can be said. What every message carries is the envelope;
below, each type's own fields. A consumer ignores fields that it does not know. For programs the same is
there [as AsyncAPI](schemas/asyncapi.json). Times are in ISO 8601 with an offset; a span of time has its unit
beside it.

## All messages

{_index()}
## Envelope

{_fields(Message, all_of_them=True)}
STOMP headers repeat `msg_type`, `namespace` and `run_id`, which brokers select on.

{"".join(_section(name, REGISTRY[name]) for name in sorted(REGISTRY))}""".rstrip()
        + "\n"
    )


def _index() -> str:
    rows = (
        f"| [`{name}`](#{name}) | {_where(cls)} | {_told(cls).partition('. ')[0].rstrip('.')} |\n"
        for name, cls in sorted(REGISTRY.items())
    )
    return "".join(("| Message | Goes to | Tells |\n", "|---|---|---|\n", *rows))


def _where(cls: type[Message]) -> str:
    return ", ".join(f"`{address}`" for address in cls.addresses()) or "where the command's `reply_to` says"


def _span(seconds: int) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _section(name: str, cls: type[Message]) -> str:
    same = ", ".join(f"`{field}`" for field in cls.identity)
    identity = f" Two with the same {same} are the same message." if same else ""
    life = f" Brokers drop it after {_span(cls.time_to_live_s)}." if cls.time_to_live_s else ""
    kept = "" if cls.persistent else " Not kept by brokers."
    text = json.dumps(example(cls), indent=2, ensure_ascii=False)
    return f"""\
## `{name}`

{_told(cls)}

Goes to {_where(cls)}.{identity}{life}{kept} Schema: [{name}.json](schemas/{name}.json).

{_fields(cls)}
```json
{text}
```

"""


def _told(cls: type[Message]) -> str:
    return " ".join((cls.__doc__ or "").split())


def _fields(cls: type[Message], *, all_of_them: bool = False) -> str:
    schema = cls.model_json_schema()
    rows = list(_rows(schema, schema, "", frozenset() if all_of_them else _ENVELOPE))
    if not rows:
        return "No fields beyond the envelope.\n"
    return "".join(("| Field | Value | Notes |\n", "|---|---|---|\n", *rows))


def _rows(
    entry: dict[str, Any], schema: dict[str, Any], before: str, without: frozenset[str]
) -> Iterator[str]:
    for name, said in entry.get("properties", {}).items():
        if name in without:
            continue
        field = resolved(said, schema)
        notes = field.get("description", "") if "$ref" not in said or "description" in said else ""
        if "properties" in field:
            yield f"| `{before}{name}` | object | {_cell(notes)} |\n"
            yield from _rows(field, schema, f"{before}{name}.", frozenset())
            continue
        yield f"| `{before}{name}` | {_kind(said, schema)} | {_cell(notes)} |\n"
        yield from _rows(resolved(field.get("items", {}), schema), schema, f"{before}{name}[].", frozenset())


def _kind(said: dict[str, Any], schema: dict[str, Any]) -> str:
    field = resolved(said, schema)
    if "anyOf" in field:
        return " or ".join(_kind(one, schema) for one in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    kind = str(field.get("format") or field.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(field['items'], schema)}"
    return _IN_WORDS.get(kind, kind) + _range(field)


def _range(field: dict[str, Any]) -> str:
    """The bounds of a number that say something; those of 64 bits do not."""
    least, most = field.get("minimum"), field.get("maximum")
    bounds = [f"≥ {least:g}" if least is not None else "", f"≤ {most}" if most is not None else ""]
    return "".join(f", {bound}" for bound in bounds if bound)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
