"""One TOML file that a person wrote, as layers of values; what is wrong in it is named."""

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from swf_testbed.config.documents import DOCUMENT_SECTIONS
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

SHIPPED = Path(str(files("swf_testbed.config").joinpath("shipped")))
"""Where the configurations are that come with the testbed."""

LOOSE = "parameters"
"""The section whose keys count as if they stood in the section that knows them."""

PARAMETER_SECTIONS = tuple(Parameters.model_fields)
SECTIONS = (*PARAMETER_SECTIONS, *DOCUMENT_SECTIONS)

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


def read_table(path: Path) -> Table:
    """The sections of a file as they stand there.

    Raises:
        BadInput: it cannot be read, is not TOML, or a section is not known; names file and section.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput("configuration", str(path), "there is no such file") from None
    except OSError as error:
        raise BadInput("configuration", str(path), f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput("configuration", str(path), f"is not TOML: {error}") from None
    for section, entries in table.items():
        if section not in (*SECTIONS, LOOSE):
            raise BadInput("section", section, f"{nearest(section, SECTIONS)} ({path})")
        if not isinstance(entries, dict):
            raise BadInput(section, entries, f"must be a section, [{section}] ({path})")
    return table


def read_layers(path: Path, source: str | None = None) -> list[Layer]:
    """A file's values, those under `[parameters]` last; errors as for `read_table`."""
    table = read_table(path)
    loose: Table = {}
    for key, value in table.pop(LOOSE, {}).items():
        loose.setdefault(home_of(key), {})[key] = value
    name = source or shown(path)
    own = Layer(name, table)
    return [own, Layer(name, loose, section=LOOSE)] if loose else [own]


def shown(path: Path) -> str:
    """A file as people know it: by name if it came with the testbed, else by its path."""
    return f"{path.name} (shipped)" if path.parent == SHIPPED else str(path)


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
