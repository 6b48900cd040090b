"""Hypothesis strategies for bodies: made from the published JSON Schemas, so that these are tried as well."""

import re
from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any

from hypothesis import strategies as st

from swf_testbed.messages import REGISTRY
from swf_testbed.messages.schemas import schema_documents
from swf_testbed.model.states import ALL_STATES, DaqState

SCHEMAS = schema_documents()

text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())


@cache
def bodies(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Documents of a message type."""
    schema = SCHEMAS[f"{name}.json"]
    made = _of(schema, schema.get("$defs", {})).map(lambda document: {**document, "msg_type": name})
    if "state" in schema["properties"] and "simulation_tick" in schema["properties"]:
        made = st.builds(_with_state, made, st.sampled_from(sorted(ALL_STATES, key=str)), st.just(name))
    if name == "processing_complete":
        made = st.builds(_of_one, made, st.booleans())
    if name == "slice_result":
        made = made.map(_with_stf)
    return made


@cache
def every_body() -> st.SearchStrategy[dict[str, Any]]:
    """Documents of any message type."""
    return st.one_of([bodies(name) for name in sorted(REGISTRY)])


def _with_state(document: dict[str, Any], pair: DaqState, name: str) -> dict[str, Any]:
    fixed = "const" in SCHEMAS[f"{name}.json"]["properties"]["state"]
    return document if fixed else {**document, "state": pair.state, "substate": pair.substate}


def _of_one(document: dict[str, Any], file: bool) -> dict[str, Any]:
    one = {"filename": "a.stf", "dataset": None} if file else {"filename": None, "dataset": "a.run"}
    return {**document, **one}


def _with_stf(document: dict[str, Any]) -> dict[str, Any]:
    """The name of the STF may be missing if that of the sample says it."""
    content = document["content"]
    known = {} if "filename" in content else {"tf_filename": "a_tf_001.tf"}
    return {**document, "content": {**content, **known}}


def _of(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _of(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return st.one_of([_of(one, defs) for one in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _OF_TYPE[schema.get("type", "any")](schema, defs)


def _object(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(text, anything, max_size=3)
    made = {name: _of(entry, defs) for name, entry in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: one for name, one in made.items() if name in required},
        optional={name: one for name, one in made.items() if name not in required},
    )


def _string(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[str]:
    del defs
    if "pattern" in schema:
        return _from_pattern(schema["pattern"])
    if schema.get("format") == "date-time":
        return moments
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    letters = st.characters(codec="utf-8", exclude_characters="\0")
    return st.text(
        letters, min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20)
    )


@cache
def _from_pattern(pattern: str) -> st.SearchStrategy[str]:
    """A few texts that fit: Hypothesis takes long to make one from a pattern."""
    known = ("a", "a.B-1", "ad:00c0ffee", "swf.100010.000001.stf")
    return st.sampled_from([text for text in known if re.search(pattern, text)])


def _integer(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[int]:
    del defs
    end = schema.get("exclusiveMaximum", schema.get("maximum", 2**63) + 1)
    return st.integers(schema.get("minimum", -(2**63)), end - 1)


def _number(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[float]:
    del defs
    return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)


def _array(schema: dict[str, Any], defs: dict[str, Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(_of(schema["items"], defs), min_size=schema.get("minItems", 0), max_size=3)


_OF_TYPE: dict[str, Callable[[dict[str, Any], dict[str, Any]], st.SearchStrategy[Any]]] = {
    "object": _object,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "array": _array,
    "boolean": lambda schema, defs: st.booleans(),
    "null": lambda schema, defs: st.none(),
    "any": lambda schema, defs: anything,
}
