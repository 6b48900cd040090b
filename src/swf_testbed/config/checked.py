"""From what a person wrote to typed values, with errors a person can act on."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from swf_testbed.model.errors import BadInput

T = TypeVar("T")


def checked(adapter: TypeAdapter[T], value: Any, field: str) -> T:
    """`value` as the adapter's type.

    Args:
        adapter: knows the type.
        value: as read from TOML or JSON.
        field: what the value is called where it was written; errors begin with it.

    Raises:
        BadInput: names the first field that is wrong, its value and what is allowed.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise bad_input(error, field) from None


def bad_input(error: ValidationError, field: str) -> BadInput:
    """The first thing that is wrong, in words a person can act on."""
    first = error.errors(include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return BadInput(f"{field}{where}", first["input"], first["msg"])
