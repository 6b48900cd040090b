"""The types of fields that several messages and records share, each with its bounds."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, StringConstraints

from swf_testbed.model.clock import iso
from swf_testbed.model.names import LAST_RUN_NUMBER, STREAM

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _no_number(value: object) -> object:
    # Seconds since 1970 are no such text, though the parser would take their digits.
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("must be ISO 8601 with an offset")  # pydantic hears ValueError
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999 of UTC") from None


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_no_number),
    AfterValidator(_in_utc),
    PlainSerializer(iso, return_type=str, when_used="json"),
]
"""ISO 8601 with an offset on the wire, aware UTC in memory."""


def _digits_to_int(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


RunNumber = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=LAST_RUN_NUMBER)],  # inside, so that the schema has them
    BeforeValidator(_digits_to_int),
]
"""A run; a string of digits is accepted on input."""

Namespace = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
NAME_CHARS = 200
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARS)]
SHORT_TEXT_CHARS = 2000
ShortText = Annotated[str, StringConstraints(max_length=SHORT_TEXT_CHARS)]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,249}$")]
"""A file's name without any folder: it may be joined to a path."""

StreamName = Annotated[str, StringConstraints(pattern=rf"^{STREAM}$")]
"""A stream of the DAQ, like `main` or `luminosity`."""

Url = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Checksum = Annotated[str, StringConstraints(pattern=r"^ad:[0-9a-f]{8}$")]
"""adler32 of a whole file: `ad:` and exactly 8 hex digits."""

SiteName = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,49}$")]
"""A place that keeps copies of files, as catalogues write it."""

Count = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Positive = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
FrameNumber = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]

__all__ = [
    "NAME_CHARS",
    "SHORT_TEXT_CHARS",
    "Checksum",
    "Count",
    "FileName",
    "FrameNumber",
    "Name",
    "Namespace",
    "Positive",
    "RunNumber",
    "Seconds",
    "ShortText",
    "SiteName",
    "StreamName",
    "Timestamp",
    "Url",
]
