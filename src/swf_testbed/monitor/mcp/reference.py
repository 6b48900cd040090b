"""The page about the tools, from the registry."""

import re
from typing import Any

from swf_testbed.model.schema_words import Style, in_words
from swf_testbed.monitor.mcp import guiding
from swf_testbed.monitor.mcp.answers import MOST_ITEMS
from swf_testbed.monitor.mcp.registry import Effect
from swf_testbed.monitor.mcp.server import TOOLS, offered

_EFFECTS = {
    Effect.READS: "Tools that read",
    Effect.ADDS: "Tools that start or say something",
    Effect.ENDS: "Tools that end something",
}

_STYLE = Style(null=False, lengths=True)

_HEAD = f"""# Tools for AI assistants

The monitor speaks the Model Context Protocol at `/mcp/` (streamable HTTP), and `testbed mcp` does on stdin
and stdout. [How to connect an assistant](../how-to/assistant.md).

Lists answer `total`, `items` (newest first, at most {MOST_ITEMS}) and `next_cursor`. Every optional argument
may be null. Tools that end something do it only with `confirm`; without, they say what they would do. What
was changed, and for whom, is in the logs with `app_name` `mcp`.
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
                in_words(schema, made.parameters.get("$defs", {}), _STYLE),
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
