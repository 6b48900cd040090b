"""What a person wrote becomes a typed value, or an error that begins with where it was written."""

import pytest
from pydantic import TypeAdapter

from swf_testbed.config.checked import checked
from swf_testbed.model.errors import BadInput

NUMBERS: TypeAdapter[dict[str, list[int]]] = TypeAdapter(dict[str, list[int]])


def test_a_value_gets_its_type() -> None:
    assert checked(NUMBERS, {"a": [1, 2]}, "numbers") == {"a": [1, 2]}


def test_an_error_names_the_place() -> None:
    with pytest.raises(BadInput, match=r"^numbers.a\[1\] = 'x': Input should be a valid integer"):
        checked(NUMBERS, {"a": [1, "x"]}, "numbers")
