"""Every tool, once: its schemas, annotations and documentation all follow from the function it is."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar, cast

from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from mcp.types import ToolAnnotations
from pydantic import create_model

F = TypeVar("F", bound=Callable[..., Any])


class Effect(Enum):
    """What calling a tool can do."""

    READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    ENDS = ToolAnnotations(
        read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
    )
    """Ends something that runs: does so only with `confirm`, and else says what it would do."""


@dataclass(frozen=True)
class Entry:
    """A tool; its name is the function's, its description the docstring."""

    call: Callable[..., Any]
    effect: Effect

    @property
    def name(self) -> str:
        """As clients call it."""
        return self.call.__name__


TOOLS: dict[str, Entry] = {}
"""All tools by name; the modules of this package fill it as they are imported."""


def tool(effect: Effect) -> Callable[[F], F]:
    """Offer a function to assistants."""

    def enter(call: F) -> F:
        entry = Entry(call, effect)
        TOOLS[entry.name] = entry
        return call

    return enter


def as_offered(entry: Entry, call: Callable[..., Any]) -> Tool:
    """The tool of the SDK for an entry, carried out by `call`; arguments it does not know are errors."""
    made = Tool.from_function(call, name=entry.name, annotations=entry.effect.value)
    made.title = entry.name.replace("_", " ").capitalize()
    known = made.fn_metadata.arg_model
    strict = cast(type[ArgModelBase], create_model(known.__name__, __base__=known))
    strict.model_config["extra"] = "forbid"
    strict.model_rebuild(force=True)
    made.fn_metadata.arg_model = strict
    made.parameters = strict.model_json_schema(by_alias=True)
    return made
