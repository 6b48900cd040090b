"""The parameters of an execution beside their defaults."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from swf_testbed.config.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value by `section.key`; `default` is None where there is none."""

    name: str
    value: str
    default: str | None

    @property
    def differs(self) -> bool:
        """Whether somebody set it to something else."""
        return self.value != self.default


def parameters_of(document: Mapping[str, Any], options: Mapping[str, Any]) -> list[Parameter]:
    """What is stored with an execution, key by key; what differs from its default comes first.

    Args:
        document: the values.
        options: the defaults of the workflow's own options, as its definition says.
    """
    defaults = _defaults() | dict(flattened(options, "options."))
    found = [Parameter(name, value, defaults.get(name)) for name, value in flattened(document)]
    return sorted(found, key=lambda one: not one.differs)


@cache
def _defaults() -> dict[str, str]:
    return dict(flattened(Parameters().model_dump(mode="json")))


def flattened(document: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Values of a document by dotted name, as JSON has them: numbers that are equal are written alike."""
    for name, value in document.items():
        dotted = f"{within}{name}"
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{dotted}.")
        else:
            yield dotted, _written(value)


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, default=str)
