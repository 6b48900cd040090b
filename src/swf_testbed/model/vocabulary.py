"""What the fields of messages and records mean, told once: a name means the same wherever it stands.

The words are in vocabulary.toml; they come into JSON Schemas, OpenAPI and the reference pages from there.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

EVERYWHERE = "fields"
"""The table of what a name means where no table of a class says otherwise."""


@cache
def vocabulary() -> dict[str, dict[str, str]]:
    """The tables of vocabulary.toml: meanings by class, and `fields` for every class."""
    return tomllib.loads((files(__package__) / "vocabulary.toml").read_text("utf-8"))


def meaning(cls: type, field: str) -> str | None:
    """What a field of a class means: by its own table, by that of a class above it, or by its name alone."""
    for name in (*(one.__name__ for one in cls.__mro__), EVERYWHERE):
        told = vocabulary().get(name, {}).get(field)
        if told is not None:
            return told
    return None


class Told(BaseModel):
    """A model whose schema has the meanings of its fields; a description in the class itself comes first."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        for name, said in handler.resolve_ref_schema(schema).get("properties", {}).items():
            told = meaning(cls, name)
            if told is not None:
                said.setdefault("description", told)
        return schema
