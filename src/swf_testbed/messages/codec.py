"""From messages to frames on the wire, and back."""

import json
import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from swf_testbed.messages.envelope import Message
from swf_testbed.messages.registry import ALIASES, REGISTRY
from swf_testbed.model.clock import now_ns
from swf_testbed.model.errors import BadInput

MAX_BODY = 8 * 1024 * 1024
"""Bytes; a slice's histograms take some 30 kB, so a larger body is a mistake."""

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""How JSON writes a character that no database keeps: the backslash is not itself escaped."""

_MAYBE_TOO_LARGE = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{200}")
"""A number that may be beyond the range of a float has one of these; very few bodies do."""


class NotAMessage(BadInput):
    """The body is not a message: not JSON, not an object, or without its fields."""


class UnknownType(BadInput):
    """A well-formed body of a type that this version does not know: to be logged and skipped."""


def encode(message: Message) -> bytes:
    """The body: JSON, UTF-8."""
    return message.model_dump_json().encode()


def headers(message: Message) -> dict[str, str]:
    """The STOMP headers that brokers select on."""
    said = {
        "msg_type": message.msg_type,
        "namespace": message.namespace,
        "vo": "eic",
        "content-type": "application/json",
        "persistent": "true" if message.persistent else "false",
        "swf-message-id": str(message.message_id),
    }
    if message.run_id is not None:
        said["run_id"] = str(message.run_id)
    if message.time_to_live_s is not None:
        said["ttl"] = str(message.time_to_live_s * 1000)
        said["expires"] = str((now_ns() // 1_000_000) + message.time_to_live_s * 1000)
    return said


def parse(body: bytes | str) -> dict[str, Any]:
    """The JSON object of a body; `NotAMessage` if it is none."""
    raw = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    if len(raw) > MAX_BODY:
        raise NotAMessage("body", f"{len(raw)} bytes", f"must be at most {MAX_BODY} bytes")
    if b"\\u0000" in raw and _NUL.search(raw):
        raise NotAMessage("body", raw[:60], "must not hold the character NUL")
    try:
        document = from_json(raw, allow_inf_nan=False)
        if _MAYBE_TOO_LARGE.search(raw):
            json.dumps(document, allow_nan=False)
    except ValueError as error:
        raise NotAMessage("body", raw[:60], f"must be a JSON object ({error})") from None
    if not isinstance(document, dict):
        raise NotAMessage("body", raw[:60], "must be a JSON object")
    return document


def decode(body: bytes | str) -> Message:
    """The message of a body.

    Raises:
        UnknownType: a type this version does not know.
        NotAMessage: anything else that is wrong; names the field and what is allowed.
    """
    document = parse(body)
    said = document.get("msg_type")
    if not isinstance(said, str):
        raise NotAMessage("msg_type", said, "must be the name of a message type")
    name = ALIASES.get(said, said)
    cls = REGISTRY.get(name)
    if cls is None:
        raise UnknownType("msg_type", said, "is not a type that this version knows")
    try:
        return cls.model_validate({**document, "msg_type": name})
    except ValidationError as error:
        raise _not_a_message(name, error) from None


def _not_a_message(name: str, error: ValidationError) -> NotAMessage:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return NotAMessage(f"{name}.{field}", first["input"], first["msg"].removeprefix("Value error, ") + more)
