"""The reference page of the interface, as Markdown."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any

from swf_testbed.messages import REGISTRY, Slice, SliceResult
from swf_testbed.model.destinations import is_queue
from swf_testbed.model.schema_words import in_words
from swf_testbed.monitor.api.root import api
from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.permissions import PERMISSIONS, READERS, Group, Who
from swf_testbed.monitor.services.reading import DEFAULT_LIMIT, MAX_LIMIT
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.monitor.services.stream_parameters import MOST, PARAMETERS
from swf_testbed.records import MAX_BULK

_PAGING = frozenset({"limit", "offset", "ordering"})
_INTRODUCTION = f"""\
# REST interface

Base `/api/`, JSON, times in UTC. The same is at `/api/schema/` as OpenAPI, with every answer that can
happen, and at `/api/docs/` as a page to try it. Programs in Python use `swf_testbed.monitor_client`, which
has the same records.

- **Who you are** is said by `Authorization: Token ...` (or `Bearer`), or by a session of the web pages; who
  may do what is told in [Access](../explanation/access.md).
- **A list**, `GET /api/<resource>/`, answers `count`, `next`, `previous`, `results`. `limit` is
  {DEFAULT_LIMIT}, at most {MAX_LIMIT}; then `offset`, `ordering` (`name,-name`), and the filters of the
  resource. A filter that is given several times accepts any of its values. `start_time` and `end_time`
  limit when it happened.
- **One record** is `GET /api/<resource>/<key>/`; the parts of a key stand with `/` between them.
- **`POST /api/<resource>/`** takes one object, or an array of up to {MAX_BULK}, and stores all or none.
  A record that exists is changed in the fields that are sent (200; a new one is 201); `metadata` is merged; a
  status never goes back.
- **`PATCH`** changes the fields that are sent of one record; **`DELETE`** deletes one with its parts (204).
- **What is wrong** is 400 with `detail`, `field`, `value` and `allowed`. 401: no valid token. 403: not
  allowed. 404: not there. 405: no such operation. 409: it contradicts what is stored, or such records never
  change. 413: too large. 429: too many. 503: the database did not answer in time, try again.
"""
_RIGHTS = """\
## Who may do what

Member and owner are those of the namespace that the record belongs to. `✓*`: without a token only where
`SWF_PUBLIC_READ` says so, which it does by itself when nobody else can reach the server. Log lines are open
to append on the HTTP port alone; on HTTPS they need a token.
"""


_STREAM = """\
## The stream

`GET /api/messages/stream/` answers with server-sent events, without end. How to follow it is told in
[Follow the stream](../how-to/follow-the-stream.md).

{parameters}
A parameter of many values is said several times, or with commas; it accepts any of them, at most {most}.
Another parameter, or a wrong value, is 400 and named. 429 and 503 say with `Retry-After` when to come again.

An event has `id`, the number of the stored message, which only grows; `event`, its type; and `data`, the
message as one line of JSON. Three events are the server's own, and no messages:

- `connected` comes first. Its `data` have `last_id`, the number of the newest message, and for who asks for
  what was, `resumed_from`, the number after which it begins, and `history`: `complete`, or `gone` if messages
  after the number that was asked for are no longer kept.
- `changed` comes to who asks for `changes`; its `data` have the name of the `resource`. It is told to those
  who listen then, and not kept.
- `closed` comes last, if the server ends the stream, with the `reason`; `retry:` says when to come again, ms.

At least every 15 s comes something, if only a comment with the newest number as `id`.

{events}
Other types are what somebody has made up; they are stored and told as they are. Slices and their results
travel in queues, and agents tell their state by REST: these are told when their records are stored.
"""
_TOLD_OF_QUEUES = (Slice, SliceResult)


def page() -> str:
    """Rules, rights, resources and the other operations."""
    document = api.get_openapi_schema(path_prefix="/api/")
    sections = [_section(resource, document) for resource in RESOURCES.values()]
    others = f"## Other operations\n\n{_others(document)}"
    return "\n".join((_INTRODUCTION, _RIGHTS, _rights(), others, _stream(), *sections))


def _stream() -> str:
    parameters = [
        [f"`{name}`", in_words(one.schema, {}), "many" if one.many else "one", one.tells]
        for name, one in PARAMETERS.items()
    ]
    events = [
        [f"`{name}`", f"[schema](schemas/{name}.json)", (cls.__doc__ or "").partition("\n")[0]]
        for name, cls in REGISTRY.items()
        if cls in _TOLD_OF_QUEUES or not all(map(is_queue, cls.addresses()))
    ]
    return _STREAM.format(
        most=MOST,
        parameters=_table(["Parameter", "Value", "Values", "Tells"], *parameters),
        events=_table(["Event", "Data", "Tells"], *events),
    )


def _table(*rows: Iterable[str]) -> str:
    head, *body = (list(row) for row in rows)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *body))


def _rights() -> str:
    rows = [["every", "list, get", "✓*", *_ticks(READERS)[1:]]]
    for name, allowed in PERMISSIONS.items():
        for operation, group in zip(allowed._fields, allowed, strict=True):
            rows.append([f"`{name}`", operation, *_ticks(group)])
    return _table(["Resource", "Operation", *(who.value for who in Who)], *rows)


def _ticks(group: Group) -> list[str]:
    return ["✓" if who in group else "" for who in Who]


def _others(document: dict[str, Any]) -> str:
    regular = {f"/api/{name}/{rest}" for name in RESOURCES for rest in ("", "{key}/")}
    rows = [
        [f"`{method.upper()} {path}`", operation["summary"], ", ".join(sorted(operation["responses"]))]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if path not in regular
    ]
    return _table(["Operation", "Tells", "Answers"], *rows)


def _section(resource: Resource, document: dict[str, Any]) -> str:
    schemas, record = document["components"]["schemas"], resource.record
    listed = document["paths"][f"/api/{resource.name}/"]["get"]["parameters"]
    filters = _words(entry["name"] for entry in listed if entry["name"] not in _PAGING)
    kept = f"\n\nThey {resource.rule.refusal}." if resource.rule.refusal else ""
    kept = kept or (f"\n\nThey are not deleted: they {resource.kept}." if resource.kept else "")
    rows = []
    for name, entry in schemas[record.__name__]["properties"].items():
        if name in {"id", "created_at", "updated_at"} and name not in resource.columns:
            continue
        notes = [entry.get("description", ""), "key" if name in resource.key else ""]
        notes.append("answered only" if name in record.server_fields else "")
        rows.append([f"`{name}`", in_words(entry, schemas), "; ".join(note for note in notes if note)])
        rows.extend(_inside(name, entry, schemas))
    return f"""\
## `{resource.name}`

{inspect.getdoc(record)}{kept}

Key: `{"/".join(resource.key)}`. Filters: {filters}.

{_table(["Field", "Value", "Notes"], *rows)}"""


def _inside(name: str, entry: dict[str, Any], schemas: dict[str, Any]) -> Iterator[list[str]]:
    """The fields of the objects in a list."""
    items = schemas.get(entry.get("items", {}).get("$ref", "").rpartition("/")[2], {})
    for field, said in items.get("properties", {}).items():
        yield [f"`{name}[].{field}`", in_words(said, schemas), said.get("description", "")]


def _words(values: Iterable[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)
