"""The page about the tools, from the registry."""

import re
from typing import Any

from swf_testbed.monitor.mcp import guiding
from swf_testbed.monitor.mcp.registry import Effect
from swf_testbed.monitor.mcp.server import TOOLS, offered

_EFFECTS = {
    Effect.READS: "Tools that read",
    Effect.ADDS: "Tools that start or say something",
    Effect.ENDS: "Tools that end something",
}

_HEAD = """# Tools for AI assistants

The monitor speaks the Model Context Protocol at `/mcp/` (streamable HTTP), and `testbed mcp` does on stdin
and stdout. [How to connect an assistant](../how-to/assistant.md).

Lists answer `total`, `items` (newest first, at most 200) and `next_cursor`. Every optional argument may be
null. Tools that end something do it only with `confirm`; without, they say what they would do. What was
changed, and for whom, is in the logs with `app_name` `mcp`.
"""


def page() -> str:
    """Every tool with its arguments, in Markdown."""
    parts = [_HEAD]
    for effect, title in _EFFECTS.items():
        parts.append(f"## {title}\n")
        parts += [_tool(entry.name) for entry in TOOLS.values() if entry.effect is effect]
    documents = "\n".join(f"- `{address}`: {_first(read)}" for address, read in guiding.RESOURCES.items())
    prompt = guiding.investigate_failed_execution
    parts.append(f"## Resources\n\n{documents}\n")
    parts.append(f"## Prompts\n\n- `{prompt.__name__}`: {_first(prompt)}\n")
    return "\n".join(parts)


def _first(documented: Any) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0]


def _tool(name: str) -> str:
    made = offered(TOOLS[name])
    told = re.sub(r"\s*\n\s*", " ", made.description.strip())
    properties, required = made.parameters["properties"], made.parameters.get("required", ())
    rows = [
        " | ".join(
            (
                f"| `{key}`",
                _kind(schema, made.parameters),
                "required" if key in required else _default(schema),
                f"{schema.get('description', '')} |",
            )
        )
        for key, schema in properties.items()
    ]
    table = "\n".join(["| Argument | Value | Default | Notes |", "|---|---|---|---|", *rows])
    return f"### `{name}`\n\n{told}\n" + (f"\n{table}\n" if rows else "")


def _default(schema: dict[str, Any]) -> str:
    return "not set" if schema.get("default") is None else f"`{str(schema['default']).lower()}`"


def _kind(schema: dict[str, Any], document: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one, document) for one in schema["anyOf"] if one.get("type") != "null")
    if "$ref" in schema:
        return _kind(document["$defs"][schema["$ref"].rsplit("/", 1)[-1]], document)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    words = {"string": "text", "boolean": "true, false", "object": "object"}
    kind = {"date-time": "time"}.get(schema.get("format", ""), words.get(schema["type"], schema["type"]))
    limits = {"minimum": "≥ {}", "maximum": "≤ {}", "maxLength": "at most {} characters"}
    return ", ".join([kind, *(text.format(schema[key]) for key, text in limits.items() if key in schema)])
