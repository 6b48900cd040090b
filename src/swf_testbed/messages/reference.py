"""The reference page of the messages, from their classes."""

import json
import re
from collections.abc import Iterator
from typing import Any

from swf_testbed.messages.envelope import Message
from swf_testbed.messages.examples import example
from swf_testbed.messages.registry import REGISTRY
from swf_testbed.model.schema_words import in_words, resolved

_ENVELOPE = frozenset(Message.model_fields)


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
    definitions = schema.get("$defs", {})
    for name, said in entry.get("properties", {}).items():
        if name in without:
            continue
        field = resolved(said, definitions)
        notes = field.get("description", "") if "$ref" not in said or "description" in said else ""
        if "properties" in field:
            yield f"| `{before}{name}` | object | {_cell(notes)} |\n"
            yield from _rows(field, schema, f"{before}{name}.", frozenset())
            continue
        yield f"| `{before}{name}` | {in_words(said, definitions)} | {_cell(notes)} |\n"
        yield from _rows(
            resolved(field.get("items", {}), definitions), schema, f"{before}{name}[].", frozenset()
        )


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
