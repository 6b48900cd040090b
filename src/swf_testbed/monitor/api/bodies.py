"""Bodies of requests: from bytes to records, every mistake named."""

from functools import reduce
from operator import getitem
from typing import Any, TypeVar

from django.http import HttpRequest
from pydantic import BaseModel, TypeAdapter, ValidationError

from swf_testbed.model.errors import BadInput
from swf_testbed.monitor.services.documents import storable
from swf_testbed.records import MAX_BULK, Record

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def document_of(request: HttpRequest) -> Any:
    """The JSON of a body; `BadInput` if it cannot be stored."""
    return storable(request.body)


def model_of(cls: type[M], document: Any) -> M:
    """A document as a model; `BadInput` names the first field that is wrong."""
    return _validated(TypeAdapter(cls), document)


def records_of(cls: type[Record], document: Any) -> list[Record]:
    """One record, or an array of up to 1000; `BadInput` names the record and the field that are wrong."""
    if not isinstance(document, list):
        return [model_of(cls, document)]
    if not 1 <= len(document) <= MAX_BULK:
        raise BadInput("body", f"{len(document)} records", f"must be 1 to {MAX_BULK} at a time")
    return _validated(TypeAdapter(list[cls]), document)  # type: ignore[valid-type]  # made at run time


def _validated(adapter: "TypeAdapter[T]", document: Any) -> T:
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        if not _made_whole(document, error):
            raise bad_input(error, "body") from None
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        raise bad_input(error, "body") from None


def _made_whole(document: Any, error: ValidationError) -> bool:
    """Write 3.0 as 3 where an integer is wanted: to JSON they are the same number. Whether any was."""
    found = False
    for mistake in error.errors(include_url=False):
        value = mistake["input"]
        if mistake["type"] == "int_type" and isinstance(value, float) and value.is_integer():
            *way, last = mistake["loc"]
            reduce(getitem, way, document)[last] = int(value)
            found = True
    return found


def bad_input(error: ValidationError, whole: str) -> BadInput:
    """The first mistake of many, in the terms of the one who made it."""
    first = error.errors(include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    more = f" (and {error.error_count() - 1} more mistakes)" if error.error_count() > 1 else ""
    return BadInput(where.removeprefix(".") or whole, first["input"], first["msg"] + more)
