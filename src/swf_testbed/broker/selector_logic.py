"""What a selector's parts mean: logic of three values over a message's headers, and comparisons.

None is what is not known. Headers are strings; how they compare with others is said in `selectors`.
"""

import operator
import re
from collections.abc import Callable, Mapping

from swf_testbed.model.errors import BadInput, shorten

Headers = Mapping[str, str]
Value = str | float | bool
Truth = Callable[[Headers], bool | None]
Operand = Callable[[Headers], Value | None]

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def all_of(parts: list[Truth]) -> Truth:
    """AND: false if any is false, else unknown if any is."""
    return _decided(parts, by=False)


def any_of(parts: list[Truth]) -> Truth:
    """OR: true if any is true, else unknown if any is."""
    return _decided(parts, by=True)


def _decided(parts: list[Truth], *, by: bool) -> Truth:
    def truth(headers: Headers) -> bool | None:
        result: bool | None = not by
        for part in parts:
            value = part(headers)
            if value is by:
                return by
            if value is None:
                result = None
        return result

    return truth


def negation(part: Truth) -> Truth:
    """NOT: what is unknown stays unknown."""

    def truth(headers: Headers) -> bool | None:
        value = part(headers)
        return None if value is None else not value

    return truth


def comparison(symbol: str, left: Operand, right: Operand) -> Truth:
    """Two operands beside one another; unknown where their types do not fit."""

    compare = COMPARISONS[symbol]

    def truth(headers: Headers) -> bool | None:
        pair = _same_type(left(headers), right(headers))
        return None if pair is None else compare(*pair)

    return truth


def _same_type(a: Value | None, b: Value | None) -> tuple[Value, Value] | None:
    """Both values as one type, or None where they cannot be compared."""
    if a is None or b is None:
        return None
    if isinstance(a, str) and isinstance(b, str):
        return a, b
    x: Value | None
    y: Value | None
    if isinstance(a, bool) or isinstance(b, bool):
        x, y = as_bool(a), as_bool(b)
    else:
        x, y = _as_number(a), _as_number(b)
    return None if x is None or y is None else (x, y)


def _as_number(value: str | float) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value


def as_bool(value: Value | None) -> bool | None:
    """A value as true or false; None if it says neither."""
    if isinstance(value, str):
        return _BOOLEANS.get(value.lower())
    return value if isinstance(value, bool) else None


def like_regex(pattern: str, escape: str) -> re.Pattern[str]:
    """`%` is any text, `_` any character.

    Each stretch between two `%` is taken where it first fits and never tried again (an atomic group), so
    that no pattern and no text can make matching slow.
    """
    stretches = [""]
    chars = iter(pattern)
    for char in chars:
        if char == escape:
            following = next(chars, None)
            if following is None:
                raise BadInput(
                    "selector", shorten(pattern), "a LIKE pattern must not end in its escape character"
                )
            stretches[-1] += re.escape(following)
        elif char == "%":
            stretches.append("")
        else:
            stretches[-1] += "." if char == "_" else re.escape(char)
    first, *middle = stretches
    if not middle:
        return re.compile(first, re.DOTALL)
    last = middle.pop()
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + f".*{last}", re.DOTALL)
