"""JSON Schemas of every message and an AsyncAPI document of the whole, generated from the code."""

import json
from pathlib import Path
from typing import Any

from swf_testbed.messages.registry import REGISTRY

_EXAMPLE_NAMESPACE = "{namespace}"


def schema_documents() -> dict[str, dict[str, Any]]:
    """Every generated document by its file name."""
    documents = {f"{name}.json": cls.model_json_schema() for name, cls in REGISTRY.items()}
    return {**documents, "asyncapi.json": _asyncapi()}


def _asyncapi() -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for name, cls in REGISTRY.items():
        address = cls.goes_to(_EXAMPLE_NAMESPACE)
        key = address.strip("/").replace("/", ".")
        channel = channels.setdefault(key, {"address": address, "messages": {}})
        channel["messages"][name] = {
            "name": name,
            "summary": (cls.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/json",
            "payload": {"$ref": f"./{name}.json"},
        }
    info = {"title": "swf-testbed event contract", "version": "1"}
    return {"asyncapi": "3.0.0", "info": info, "channels": channels}


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
