"""A message of each type as it may look, made from its schema; checked by the type itself."""

from typing import Any

from swf_testbed.messages.envelope import Message
from swf_testbed.messages.registry import type_name
from swf_testbed.model.schema_words import resolved

_WORDS: dict[str, Any] = {
    "accepted": 20,
    "agent": "data",
    "change": 1,
    "check": "gain",
    "checksum": "ad:457e4fa7",
    "created_at": "2026-01-01T00:00:15.200000Z",
    "dataset": "swf.100010.run",
    "evaluated": 20,
    "execution_id": "stf_datataking-ada-0001",
    "file_size_bytes": 215816,
    "file_url": "file:///exit-buffer/100010/swf.100010.000001.stf",
    "filename": "swf.100010.000001.stf",
    "histogram": "adc",
    "hostname": "daq01",
    "instance": "fast_processing-agent-ada-1",
    "namespace": "ada",
    "policy": "blocks",
    "reply_to": "/queue/replies.ada.1",
    "req_id": "swf.100010.000001_tf_001.tf#1",
    "run_id": 100010,
    "run_number": 100010,
    "sampling": {"selection_fraction": 0.1},
    "scope": "group.daq",
    "sender": "swf-testbed",
    "simulation_tick": 14.0,
    "size_bytes": 215816,
    "state": "run",
    "stf_filename": "swf.100010.000001.stf",
    "substate": "physics",
    "subsystem": "btof",
    "tf_count": 20,
    "tf_filename": "swf.100010.000001_tf_001.tf",
    "tf_last": 20,
    "username": "ada",
    "worker_id": "worker-daq01-4711-1a2b3c4d",
    "workflow_name": "fast_processing",
}
"""What fields of these names say in examples."""

_OF_TYPE: dict[str, dict[str, Any]] = {
    "alarm": {
        "severity": "error",
        "subject": "quality:btof",
        "text": "gain: the mean ADC is 4.1 % below that of the reference",
    },
    "announcement": {"text": "The shift goes on at 16:00."},
    "fastmon_status": {"status": "damaged", "message": "swf.100010.000001.stf: has no footer"},
    "processing_complete": {"dataset": None, "status": "done"},
    "quality_flag": {
        "quality": "bad",
        "reason": "the mean ADC is 4.1 % below that of the reference",
    },
    "slice": {"end": 20, "file_url": "file:///samples/100010/swf.100010.000001_tf_001.tf"},
    "tf_file_registered": {
        "file_url": "file:///samples/100010/swf.100010.000001_tf_001.tf",
        "part": 0,
        "parts": [20],
        "status": "registered",
    },
}
"""What they say in messages of one type."""

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
    maker = _Maker(schema, {**_WORDS, **_OF_TYPE.get(type_name(cls), {})})
    return cls.model_validate(maker.all_of(said)).model_dump(mode="json")


class _Maker:
    """Makes values for the parts of one schema, of words that fields of these names say."""

    def __init__(self, schema: dict[str, Any], words: dict[str, Any]) -> None:
        self._schema, self._words = schema, words

    def all_of(self, said: dict[str, Any]) -> dict[str, Any]:
        """A value for each field."""
        return {name: self._value(name, entry) for name, entry in said.items()}

    def _value(self, name: str, entry: dict[str, Any]) -> Any:
        entry = _first(entry, self._schema)
        word = self._words.get(name)
        if isinstance(word, dict) and "properties" in entry:
            return self._made(name, entry)
        if "const" in entry:
            return entry["const"]
        if name in self._words and word in entry.get("enum", [word]):
            return word
        if "default" in entry:
            return entry["default"]
        return self._made(name, entry)

    def _made(self, name: str, entry: dict[str, Any]) -> Any:
        if "enum" in entry:
            return entry["enum"][0]
        if "properties" in entry:
            return self.all_of(entry["properties"])
        if entry.get("type") == "array":
            return [self._value(name, entry["items"])] if entry.get("minItems") else []
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
    return resolved(entry, schema.get("$defs", {}))
