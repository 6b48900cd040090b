"""Layers of values, one laid on another key by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

Table = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """Values by section, all from one place; `section` is where they stand there, if not in their own."""

    source: str
    table: Table
    section: str | None = None

    def says(self, path: tuple[str, ...]) -> bool:
        """Whether it has a value for a key, given by section, key and keys below."""
        inner: Any = self.table
        for name in path:
            if not isinstance(inner, dict) or name not in inner:
                return False
            inner = inner[name]
        return True

    def place(self, path: tuple[str, ...]) -> str:
        """Where exactly: `daq_state_machine.toml [daq_state_machine]`."""
        return f"{self.source} [{self.section or '.'.join(path[:-1])}]"


def merge(base: Table, over: Table) -> Table:
    """`over` laid on `base`, key by key; lists are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def flattened(layers: Sequence[Layer]) -> Table:
    """All layers as one table, each laid on those before it."""
    return reduce(merge, (layer.table for layer in layers), {})
