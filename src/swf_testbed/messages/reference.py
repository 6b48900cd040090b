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
_IN_WORDS = {"array": "list", "string": "text", "uuid": "UUID", "date-time": "time, ISO 8601 with offset"}


def page() -> str:
    """Every message: what it says, where it goes, its fields, an example."""
    return (
        f"""\
# Messages

JSON over STOMP 1.2, one type for each thing that can be said. What every message carries is the envelope;
below, each type's own fields. A consumer ignores fields that it does not know. For programs the same is
there [as AsyncAPI](schemas/asyncapi.json).

## Envelope

{_fields(Message, all_of_them=True)}
STOMP headers repeat `msg_type`, `namespace` and `run_id`, which brokers select on.

{"".join(_section(name, REGISTRY[name]) for name in sorted(REGISTRY))}""".rstrip()
        + "\n"
    )


def _section(name: str, cls: type[Message]) -> str:
    goes = ", ".join(f"`{address}`" for address in cls.addresses()) or "where the command's `reply_to` says"
    same = ", ".join(f"`{field}`" for field in cls.identity)
    identity = f" Two with the same {same} are the same message." if same else ""
    life = f" Brokers drop it after {cls.time_to_live_s / 3600:g} h." if cls.time_to_live_s else ""
    kept = "" if cls.persistent else " Not kept by brokers."
    text = json.dumps(example(cls), indent=2, ensure_ascii=False)
    return f"""\
## `{name}`

{_told(cls)}

Goes to {goes}.{identity}{life}{kept} Schema: [{name}.json](schemas/{name}.json).

{_fields(cls)}
```json
{text}
```

"""


def _told(cls: type[Message]) -> str:
    return " ".join(line.strip() for line in (cls.__doc__ or "").strip().splitlines())


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
        else:
            yield f"| `{before}{name}` | {_kind(said, schema)} | {_cell(notes)} |\n"


def _kind(said: dict[str, Any], schema: dict[str, Any]) -> str:
    field = resolved(said, schema)
    if "anyOf" in field:
        return " or ".join(_kind(one, schema) for one in field["anyOf"])
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"])
    kind = str(field.get("format") or field.get("type", "any"))
    return _IN_WORDS.get(kind, kind)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
