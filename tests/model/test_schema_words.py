"""What a schema says of a value, in words, and what fields mean, from the vocabulary."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, SecretStr, TypeAdapter

from swf_testbed.model.fields import Count, RunNumber, SiteName, Timestamp
from swf_testbed.model.schema_words import PLAIN, Style, in_words, resolved
from swf_testbed.model.vocabulary import Told, meaning, vocabulary

TOML = Style(null=False, object_word="table", patterns=True)
Seconds = Annotated[float, Field(gt=0, le=86_400, json_schema_extra={"unit": "s"})]


class Colour(StrEnum):
    """For the enum."""

    RED = "red"
    BLUE = "blue"


class ReadFailure(Told):
    """Has the name of a class that vocabulary.toml has a table for."""

    site: str
    error: str
    tf_count: Annotated[int, Field(description="as the class says")]
    unheard_of: int


class Derived(ReadFailure):
    """Has no table of its own."""


@pytest.mark.parametrize(
    ("kind", "style", "words"),
    [
        (str, PLAIN, "text"),
        (bool, PLAIN, "true, false"),
        (UUID, PLAIN, "UUID"),
        (Timestamp, PLAIN, "time"),
        (SecretStr, PLAIN, "secret"),
        (Any, PLAIN, "anything"),
        (Literal["a"], PLAIN, "`a`"),
        (Colour, PLAIN, "`red`, `blue`"),
        (Colour | None, PLAIN, "`red`, `blue` or null"),
        (Colour | None, TOML, "`red`, `blue`"),
        (Count, PLAIN, "integer, ≥ 0"),
        (RunNumber, PLAIN, "integer, ≥ 0, ≤ 2147483647"),
        (Annotated[float, Field(ge=0, lt=0.5)], PLAIN, "number, ≥ 0, < 0.5"),
        (Annotated[int, Field(ge=-3, lt=2**31)], PLAIN, "integer, ≥ -3"),
        (Annotated[int, Field(le=2**62)], PLAIN, "integer"),
        (Annotated[int, Field(le=1_000_000)], PLAIN, "integer, ≤ 1000000"),
        (Annotated[int, Field(le=999_999)], PLAIN, "integer, ≤ 999999"),
        (Seconds, PLAIN, "number in s, > 0, ≤ 86400"),
        (dict[str, int], PLAIN, "object"),
        (dict[str, int], TOML, "table"),
        (list[dict[str, int]], TOML, "list of tables"),
        (list[str], PLAIN, "list of texts"),
        (list[UUID], PLAIN, "list of UUID"),
        (list[Count], PLAIN, "list of integers, ≥ 0"),
        (SiteName, PLAIN, "text"),
        (SiteName, TOML, "text, matches `^[A-Z0-9][A-Z0-9_-]{0,49}$`"),
        (Annotated[str, Field(pattern="^(a|b)$")], TOML, r"text, matches `^(a\|b)$`"),
        (Annotated[str, Field(max_length=5)], TOML, "text"),
        (Annotated[str, Field(max_length=5)], Style(lengths=True), "text, at most 5 characters"),
    ],
)
def test_a_value_is_put_into_words(kind: Any, style: Style, words: str) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert in_words(schema, schema.get("$defs", {}), style) == words


def test_the_own_words_of_a_reference_come_first() -> None:
    definitions = {"A": {"type": "integer", "description": "of the type"}}
    assert resolved({"$ref": "#/x/A", "description": "own"}, definitions) == {
        "$ref": "#/x/A",
        "type": "integer",
        "description": "own",
    }
    assert resolved({"$ref": "#/x/A"}, definitions)["description"] == "of the type"
    assert resolved({"type": "string"}, {}) == {"type": "string"}


def test_a_field_means_what_its_class_says_or_a_class_above_it_or_else_its_name() -> None:
    tables = vocabulary()
    assert meaning(Derived, "error") == tables["ReadFailure"]["error"] != tables["fields"]["error"]
    assert meaning(Derived, "site") == tables["fields"]["site"]
    assert meaning(Derived, "unheard_of") is None
    told = {name: said.get("description") for name, said in Derived.model_json_schema()["properties"].items()}
    assert told == {
        "site": tables["fields"]["site"],
        "error": tables["ReadFailure"]["error"],
        "tf_count": "as the class says",
        "unheard_of": None,
    }
