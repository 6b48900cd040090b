"""The description of the event stream, which Django does not serve."""

from typing import Any

from swf_testbed.monitor.api.openapi import Json, answers, ref
from swf_testbed.monitor.services.stream_parameters import PARAMETERS, Parameter
from swf_testbed.records.answers import StreamStatus

STREAM = "/api/messages/stream/"


def paths() -> dict[str, Json]:
    """The two addresses as paths of the OpenAPI document."""
    return {
        STREAM: {"get": _operation("stream_messages", "Stored messages as they come", _stream_answers())},
        f"{STREAM}status/": {
            "get": _operation(
                "stream_status",
                "Who listens",
                answers({200: ref(StreamStatus)}, 401, 503),
                description="Open streams of all web processes, with their filters and what they were sent.",
            )
            | {"parameters": []}
        },
    }


def _operation(name: str, summary: str, responses: Json, description: str = "") -> Json:
    return {
        "operationId": name,
        "tags": ["stream"],
        "summary": summary,
        "description": description or _DESCRIPTION,
        "parameters": [*map(_parameter, PARAMETERS, PARAMETERS.values()), _HEADER],
        "responses": responses,
        "security": [{"TokenAuth": []}],
    }


_DESCRIPTION = """\
Server-sent events without end. `event:` is the type of the message, `id:` its number, `data:` the message. \
The first is `connected`; `closed` tells why the stream ends. A comment comes at least every 15 s."""

_HEADER: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "As `last_event_id`; browsers send it when they connect again.",
    "schema": PARAMETERS["last_event_id"].schema,
}


def _parameter(name: str, parameter: Parameter) -> Json:
    schema: dict[str, Any] = parameter.schema
    if parameter.many:
        schema = {"type": "array", "items": schema}
    return {"name": name, "in": "query", "description": parameter.tells, "schema": schema}


def _stream_answers() -> Json:
    told = answers({200: None}, 400, 401, 429, 503)
    told["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    return told
