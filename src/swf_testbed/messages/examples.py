"""A message of each type as it may look, made from its schema; checked by the type itself."""

from typing import Any

from swf_testbed.messages.envelope import Message
from swf_testbed.messages.schemas import resolved

_WORDS: dict[str, Any] = {
    "change": 1,
    "checksum": "ad:457e4fa7",
    "created_at": "2026-01-01T00:00:15.200000Z",
    "execution_id": "stf_datataking-ada-0001",
    "file_url": "file:///exit-buffer/100010/swf.100010.000001.stf",
    "filename": "swf.100010.000001.stf",
    "hostname": "daq01",
    "instance": "fast_processing-agent-ada-1",
    "namespace": "ada",
    "req_id": "swf.100010.000001",
    "reply_to": "/queue/replies.ada.1",
    "run_id": 100010,
    "run_number": 100010,
    "sampling": {"selection_fraction": 0.1},
    "sender": "swf-testbed",
    "simulation_tick": 14.0,
    "size_bytes": 215816,
    "state": "run",
    "stf_filename": "swf.100010.000001.stf",
    "substate": "physics",
    "subsystem": "BTOF",
    "tf_count": 20,
    "tf_filename": "swf.100010.000001_tf_000.tf",
    "username": "ada",
    "worker_id": "worker-ada-1",
    "workflow_name": "fast_processing",
}
"""What fields of these names say in examples."""

_BY_FORMAT = {"uuid": "c0ffee00-0000-5000-8000-000000000001", "date-time": "2026-01-01T00:00:14Z"}


def example(cls: type[Message]) -> dict[str, Any]:
    """A body of this type, as it travels.

    Raises:
        pydantic.ValidationError: what is made here is no such message: a field needs a word of its own.
    """
    schema = cls.model_json_schema()
    # An identity that follows from the rest is left to the type.
    without = {"message_id"} if cls.identity else set()
    said = {name: entry for name, entry in schema["properties"].items() if name not in without}
    body = {name: _value(name, entry, schema) for name, entry in said.items()}
    return cls.model_validate(body).model_dump(mode="json")


def _value(name: str, entry: dict[str, Any], schema: dict[str, Any]) -> Any:
    entry = _first(entry, schema)
    if name in _WORDS and isinstance(_WORDS[name], dict) and "properties" in entry:
        return _made(name, entry, schema)
    if "const" in entry:
        return entry["const"]
    if name in _WORDS and _WORDS[name] in entry.get("enum", [_WORDS[name]]):
        return _WORDS[name]
    if "default" in entry:
        return entry["default"]
    return _made(name, entry, schema)


def _made(name: str, entry: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "enum" in entry:
        return entry["enum"][0]
    if "properties" in entry:
        return {key: _value(key, said, schema) for key, said in entry["properties"].items()}
    if entry.get("type") == "array":
        return [_value(name, entry["items"], schema)] if entry.get("minItems") else []
    return _scalar(name, entry)


def _scalar(name: str, entry: dict[str, Any]) -> Any:
    kind = entry.get("type")
    if kind in {"integer", "number"}:
        return max(entry.get("minimum", 0), 1)
    if kind == "string":
        return _BY_FORMAT.get(entry.get("format", ""), name.replace("_", "-"))
    return {"boolean": True, "object": {}}.get(str(kind))


def _first(entry: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema, of several kinds the first."""
    if "anyOf" in entry and "default" not in entry:
        entry = {**entry["anyOf"][0], **{key: said for key, said in entry.items() if key != "anyOf"}}
    return resolved(entry, schema)
