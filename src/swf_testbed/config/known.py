"""The names that a configuration knows: its sections, their keys, and the nearest to one that it does not."""

import difflib
from collections.abc import Iterable
from typing import Any

from swf_testbed.config.documents import DOCUMENT_SECTIONS
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

LOOSE = "parameters"
"""The section whose keys count as if they stood in the section that knows them."""

PARAMETER_SECTIONS = tuple(Parameters.model_fields)
SECTIONS = (*PARAMETER_SECTIONS, *DOCUMENT_SECTIONS)


def home_of(key: str) -> str:
    """The one section that knows a key of `[parameters]`; `BadInput` if there is none, or more."""
    known = {name: fields_of(field.annotation) for name, field in Parameters.model_fields.items()}
    homes = [name for name, keys in known.items() if key in keys]
    if not homes:
        raise BadInput(LOOSE, key, nearest(key, {key for keys in known.values() for key in keys}))
    if len(homes) > 1:
        raise BadInput(LOOSE, key, f"is in {' and '.join(homes)}; write it under the one that is meant")
    return homes[0]


def fields_of(annotation: Any) -> list[str]:
    """The keys that a section knows."""
    return list(getattr(annotation, "model_fields", ()))


def nearest(name: str, known: Iterable[str]) -> str:
    """That a name is not known, and which one may have been meant."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (
        f"is not known; did you mean {close[0]}?" if close else f"is not known; there are {', '.join(names)}"
    )
