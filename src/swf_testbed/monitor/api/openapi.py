"""The description of the interface: bodies, parameters, and every answer that can happen."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from swf_testbed.monitor.services.declaration import Resource
from swf_testbed.monitor.services.filtering import Filters, schema_of
from swf_testbed.monitor.services.reading import MAX_LIMIT
from swf_testbed.records import (
    MAX_BULK,
    RECORDS,
    Marking,
    Overview,
    Record,
    ReferenceOrder,
    ResultsKnown,
    ResultsStored,
    RunResults,
    RunSampling,
    RunSummary,
    Trends,
)
from swf_testbed.records.answers import ANSWERS

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"
_TELLS = {
    HTTPStatus.BAD_REQUEST: "Something that was sent is wrong; the answer names it and says what is allowed.",
    HTTPStatus.UNAUTHORIZED: "There is no valid token.",
    HTTPStatus.FORBIDDEN: "The token only reads, or the record is in a namespace that you do not control.",
    HTTPStatus.NOT_FOUND: "There is no such record.",
    HTTPStatus.CONFLICT: "It contradicts what is stored, or such records never change.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many in a short time; try again later.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database did not answer in time; try again.",
}
_RUN_NUMBERS = frozenset({"run_number", "run", "run_id"})
_DIGITS = {"type": "string", "pattern": "^[0-9]{1,9}$"}
"""How else a run number may be sent."""

_OPEN_ON_HTTP = "create_logs"
_CHANGED_BODY = (400, 413)
_ANY_WRITE = (401, 403, 503)


def ref(model: type[BaseModel] | str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": _PREFIX + (model if isinstance(model, str) else model.__name__)}


def answers(good: Mapping[int, Json | None], *bad: int, problem: str = "Problem") -> Json:
    """The `responses` of an operation.

    Args:
        good: the schema of each answer of success; None is an empty body.
        bad: the answers of failure.
        problem: the schema of a 409.
    """
    told: Json = {}
    for status, schema in good.items():
        told[str(status)] = {"description": HTTPStatus(status).phrase}
        if schema is not None:
            told[str(status)]["content"] = {"application/json": {"schema": schema}}
    for status in sorted(bad):
        schema = ref(problem if status == HTTPStatus.CONFLICT else "Problem")
        told[str(status)] = {
            "description": _TELLS[HTTPStatus(status)],
            "content": {"application/json": {"schema": schema}},
        }
    return told


def reading(schema: Json, *bad: int) -> Json:
    """The extra of an operation that reads."""
    return {"responses": answers({200: schema}, 401, 503, *bad)}


def body_of(schema: Json) -> Json:
    """A required JSON body."""
    return {"content": {"application/json": {"schema": schema}}, "required": True}


def number(name: str) -> Json:
    """The extra of an operation that gives a number away."""
    properties = {name: {"type": "integer"}, "status": {"const": "success"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"responses": answers({200: schema}, *_ANY_WRITE)}


def storing(record: type[Record]) -> Json:
    """The extra of an operation that stores one record or many."""
    one, stored = ref(f"{record.__name__}Input"), ref(f"{record.__name__}Stored")
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": MAX_BULK}
    answered = {"anyOf": [stored, {"type": "array", "items": stored}]}
    return {
        "requestBody": body_of({"anyOf": [one, many]}),
        "responses": answers({200: answered, 201: stored}, 409, *_CHANGED_BODY, *_ANY_WRITE),
    }


def appending_logs() -> Json:
    """The extra of the one operation that is open to everybody on the HTTP port."""
    extra = storing(RECORDS["logs"])
    stored_many = extra["responses"]["200"]["content"]["application/json"]["schema"]
    return extra | {"responses": answers({201: stored_many}, 429, *_CHANGED_BODY, *_ANY_WRITE)}


def making_references() -> Json:
    """The extra of the operation that makes a reference."""
    stored = ref("ReferenceStored")
    return {
        "requestBody": body_of(ref("ReferenceOrder")),
        "responses": answers({201: stored}, *sorted({404, 409, *_CHANGED_BODY, *_ANY_WRITE})),
    }


_CREATORS = {"logs": appending_logs, "references": making_references}


def resource_operations(resource: Resource) -> dict[str, Json]:
    """The extra of each operation of a resource, by name."""
    record, name = resource.record, resource.record.__name__
    key = "/".join(resource.key)
    also = f", or by {' or '.join(resource.lookups)}" if resource.lookups else ""
    path = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    get_path = path | {"description": f"`{key}`{also}"}
    drawn = [_format_parameter()] if resource.name == "histograms" else []
    windowed = [_window_parameter()] if resource.name == "histograms" else []
    shown = {"anyOf": [ref(name), ref("HistogramDrawing")]} if drawn else ref(name)
    page = {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "next": {"type": ["string", "null"]},
            "previous": {"type": ["string", "null"]},
            "results": {"type": "array", "items": shown},
        },
        "required": ["count", "next", "previous", "results"],
    }
    to_one = [path | {"description": f"`{key}`"}]
    return {
        "list": _listing(resource, page) | {"parameters": [*_list_parameters(resource), *_formats(resource)]},
        "create": _CREATORS.get(resource.name, partial(storing, record))(),
        "get": reading(shown, 400, 404) | {"parameters": [get_path, *drawn, *windowed]},
        "change": {
            "parameters": to_one,
            "requestBody": body_of(ref(f"{name}Change")),
            "responses": answers({200: ref(name)}, 404, 409, *_CHANGED_BODY, *_ANY_WRITE),
        },
        "delete": {"parameters": to_one, "responses": answers({204: None}, 404, 409, *_ANY_WRITE)},
    }


def _format_parameter() -> Json:
    schema = {"type": "string", "enum": ["root", "uhi"]}
    return {"name": "format", "in": "query", "schema": schema, "description": "how `content` is written"}


def _formats(resource: Resource) -> list[Json]:
    """How a list may be written, where there is a choice."""
    words = {"histograms": ["root", "uhi"], "quality-flags": ["json", "csv"]}.get(resource.name)
    schema = {"type": "string", "enum": words}
    return [{"name": "format", "in": "query", "schema": schema}] if words else []


def _listing(resource: Resource, page: Json) -> Json:
    extra = reading(page, 400)
    if resource.name == "quality-flags":
        extra["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
    return extra


def _window_parameter() -> Json:
    schema = {"type": "string", "enum": ["run", "30s", "stf"]}
    return {
        "name": "window",
        "in": "query",
        "schema": schema,
        "description": "of which data; the run's if left out",
    }


def _list_parameters(resource: Resource) -> list[Json]:
    filters = Filters(resource)
    words = "|".join(filters.ordered)
    plain = {
        "limit": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 100},
        "offset": {"type": "integer", "minimum": 0, "maximum": 2**62, "default": 0},
        "ordering": {"type": "string", "pattern": f"^-?({words})(,-?({words}))*$"},
    }
    found = [{"name": name, "in": "query", "schema": schema} for name, schema in plain.items()]
    return [*found, *filter_parameters(resource)]


def filter_parameters(resource: Resource) -> list[Json]:
    """The filters of a list; one that is given several times accepts any of its values."""
    return [
        {
            "name": name,
            "in": "query",
            "schema": {"type": "array", "items": schema_of(resource, name)},
            "style": "form",
            "explode": True,
        }
        for name in Filters(resource).names
    ]


def complete(document: Json) -> Json:
    """Add the schemas that operations refer to, and take out what no operation answers."""
    components = document["components"]
    components.setdefault("schemas", {}).update(_schemas())
    for operations in document["paths"].values():
        for method, operation in operations.items():
            # ninja's own word of success has a number as key; where there is a better one, it has none.
            operation["responses"].pop(200, None)
            said = {(entry["name"], entry["in"]): entry for entry in operation.get("parameters", ())}
            operation["parameters"] = list(said.values())
            is_open = method == "get" and settings.PUBLIC_READ
            if "security" in operation and (is_open or operation["operationId"] == _OPEN_ON_HTTP):
                operation["security"].append({})
    return document


def _schemas() -> dict[str, Json]:
    models: tuple[type[BaseModel], ...] = (
        *RECORDS.values(),
        RunResults,
        ResultsStored,
        ResultsKnown,
        RunSummary,
        Overview,
        Marking,
        ReferenceOrder,
        RunSampling,
        Trends,
        *ANSWERS,
    )
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=_PREFIX + "{model}"
    )
    schemas: dict[str, Json] = found["$defs"]
    for record in RECORDS.values():
        schemas |= _sent(record, schemas[record.__name__])
    histogram = schemas["Histogram"]
    drawn = {"content": {"type": ["object", "null"]}, "problem": {"type": "string"}}
    schemas["HistogramDrawing"] = histogram | {"properties": histogram["properties"] | drawn}
    return schemas


def _sent(record: type[Record], schema: Json) -> dict[str, Json]:
    """What may be sent of a record: whole, as a change, and what is answered to it."""
    name, properties = record.__name__, schema["properties"]
    sent = {
        field: {"anyOf": [entry, _DIGITS]} if field in _RUN_NUMBERS else entry
        for field, entry in properties.items()
        if field not in record.server_fields
    }
    changed = {field: entry for field, entry in sent.items() if field not in record.key}
    key = {field: properties[field] for field in record.key}
    stored = {**key, "created": {"type": "boolean"}}
    return {
        f"{name}Input": schema | {"title": f"{name}Input", "properties": sent},
        f"{name}Change": {
            "title": f"{name}Change",
            "type": "object",
            "additionalProperties": False,
            "description": "The fields to change; `metadata` is merged.",
            "properties": changed,
        },
        f"{name}Stored": {
            "title": f"{name}Stored",
            "type": "object",
            "properties": stored,
            "required": list(stored),
        },
    }
