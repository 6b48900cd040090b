"""What is wrong in a configuration, in a person's words, with the nearest name that exists."""

from typing import Any, get_args

from pydantic import ValidationError

from swf_testbed.config.documents import AgentEntry, Configuration
from swf_testbed.config.known import LOOSE, fields_of, nearest
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput


def explained(error: ValidationError) -> BadInput:
    """The first of the errors, named by section and key."""
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part != LOOSE]
    if first["type"] == "extra_forbidden":
        return BadInput(".".join(path), first["input"], nearest(path[-1], _siblings(path)))
    return BadInput(".".join(path), first["input"], first["msg"].removeprefix("Value error, "))


def _siblings(path: list[str]) -> list[str]:
    owner: Any = Parameters if path[0] in Parameters.model_fields else Configuration
    for part in path[:-1]:
        if part.isdigit():  # an entry of a list
            owner = get_args(owner)[0]
            continue
        field = getattr(owner, "model_fields", {}).get(part)
        if field is None:
            return list(AgentEntry.model_fields)
        owner = field.annotation
    return fields_of(owner)
