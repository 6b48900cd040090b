"""Every field of a message and of a record says what it means, and nothing is told that nobody has."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from swf_testbed.messages import REGISTRY
from swf_testbed.model.vocabulary import EVERYWHERE, Told, vocabulary
from swf_testbed.records import RECORDS

TOLD: dict[str, type[BaseModel]] = {**REGISTRY, **RECORDS}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model that stands in a type, and in the fields of those."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from _models(field.annotation)
    for inner in get_args(annotation):
        yield from _models(inner)


@pytest.mark.parametrize("name", TOLD)
def test_each_field_says_what_it_means(name: str) -> None:
    schema = TOLD[name].model_json_schema()
    parts = {name: schema, **schema.get("$defs", {})}
    silent = [
        f"{part}.{field}"
        for part, entry in parts.items()
        for field, said in entry.get("properties", {}).items()
        if not said.get("description")
    ]
    assert not silent, f"say what {', '.join(silent)} mean in src/swf_testbed/model/vocabulary.toml"


def test_the_vocabulary_has_no_word_that_nobody_says() -> None:
    every = {model for cls in TOLD.values() for model in _models(cls)}
    above = {one for model in every for one in model.__mro__ if issubclass(one, Told)}
    fields = {EVERYWHERE: {name for model in every for name in model.model_fields}}
    for one in above:
        fields.setdefault(one.__name__, set()).update(one.model_fields)
    unsaid = [
        f"{table}.{name}"
        for table, words in vocabulary().items()
        for name in words
        if name not in fields.get(table, set())
    ]
    assert not unsaid
