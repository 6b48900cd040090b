"""JSON Schemas of every message and an AsyncAPI document of the whole, generated from the code."""

import json
import re
from pathlib import Path
from typing import Any

from swf_testbed.messages.codec import MAX_BODY
from swf_testbed.messages.envelope import Message
from swf_testbed.messages.registry import REGISTRY

ASYNCAPI = "asyncapi.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REPLIES = "replies"


def schema_documents() -> dict[str, dict[str, Any]]:
    """Every generated document by its file name."""
    documents = {f"{name}.json": _schema(cls) for name, cls in REGISTRY.items()}
    return {**documents, ASYNCAPI: _asyncapi()}


def _schema(cls: type[Message]) -> dict[str, Any]:
    schema = cls.model_json_schema()
    # The class has a default for its own name; a body without it is no message.
    return {"$schema": _DIALECT, **schema, "required": ["msg_type", *schema["required"]]}


def _asyncapi() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "swf-testbed event contract",
            "version": "1",
            "description": f"JSON over STOMP 1.2; a body has at most {MAX_BODY} bytes. Delivery is at least "
            "once: a consumer drops what it has seen by message_id, and ignores fields it does not know.",
        },
        "defaultContentType": "application/json",
        "channels": _channels(),
        "components": {
            "messages": {name: _message(name, cls) for name, cls in REGISTRY.items()},
            "schemas": {"headers": _HEADERS},
        },
    }


def _channels() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for name, cls in REGISTRY.items():
        for address in cls.addresses() or (None,):
            key = _REPLIES if address is None else re.sub(r"\.?\{\w+\}", "", address[1:].replace("/", "."))
            channel = channels.setdefault(key, _channel(address))
            channel["messages"][name] = {"$ref": f"#/components/messages/{name}"}
    return channels


def _channel(address: str | None) -> dict[str, Any]:
    if address is None:
        return {"address": None, "description": "Where a command's `reply_to` says.", "messages": {}}
    fields = re.findall(r"\{(\w+)\}", address)
    parameters = {field: {"description": f"the message's `{field}`"} for field in fields}
    return {"address": address, "messages": {}} | ({"parameters": parameters} if parameters else {})


def _message(name: str, cls: type[Message]) -> dict[str, Any]:
    return {
        "name": name,
        "title": cls.__name__,
        "summary": (cls.__doc__ or "").strip().splitlines()[0],
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"$ref": f"./{name}.json"},
    }


_HEADERS = {
    "type": "object",
    "description": "What brokers select on; STOMP headers are text.",
    "properties": {
        "msg_type": {"type": "string"},
        "namespace": {"type": "string"},
        "run_id": {"type": "string", "pattern": "^[0-9]+$"},
        "vo": {"const": "eic"},
        "content-type": {"const": "application/json"},
        "persistent": {"enum": ["true", "false"]},
        "swf-message-id": {"type": "string", "format": "uuid"},
        "ttl": {"type": "string", "description": "ms"},
        "expires": {"type": "string", "description": "ms since 1970"},
    },
    "required": ["msg_type", "namespace", "vo", "content-type", "persistent", "swf-message-id"],
}


def rendered() -> dict[str, str]:
    """The documents as the text of their files."""
    return {
        name: json.dumps(document, indent=2, sort_keys=True) + "\n"
        for name, document in schema_documents().items()
    }


def write(folder: Path) -> None:
    """Write every document, and remove what is no longer generated."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = rendered()
    for stale in set(folder.glob("*.json")) - {folder / name for name in texts}:
        stale.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
