"""How old something must be, as people write it."""

import re
from argparse import ArgumentTypeError
from datetime import timedelta

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=100 * 365)


def age(text: str) -> timedelta:
    """A duration from `90m`, `12h` or `30d`; for argparse."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text, re.ASCII)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if length is None or length > _LONGEST:
        raise ArgumentTypeError(f"{text!r} must be a whole number with s, m, h, d or w, like 30d")
    return length
