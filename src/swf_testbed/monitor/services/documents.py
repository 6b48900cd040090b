"""JSON from outside that a database can keep."""

from typing import Any

from pydantic_core import from_json

from swf_testbed.model.errors import BadInput


def storable(body: bytes) -> Any:
    """The JSON of a body.

    Raises:
        BadInput: not JSON (nor are NaN, lone surrogates, or nesting beyond 200), or a text in it holds NUL,
            which databases refuse.
    """
    try:
        found = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadInput("body", body[:60].decode("utf-8", "replace"), f"must be JSON ({error})") from None
    # A walk is slow, so only where the escape is seen; it may be an escaped backslash before u0000.
    if b"\\u0000" in body and _holds_nul(found):
        raise BadInput("body", "a text with \\u0000", "must not contain the character NUL")
    return found


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(member) for key, member in value.items())
    return isinstance(value, list) and any(_holds_nul(member) for member in value)
