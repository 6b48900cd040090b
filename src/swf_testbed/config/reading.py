"""One TOML file that a person wrote, as layers of values; what is wrong in it is named."""

import tomllib
from importlib.resources import files
from pathlib import Path

from swf_testbed.config.known import LOOSE, SECTIONS, home_of, nearest
from swf_testbed.config.layers import Layer, Table
from swf_testbed.model.errors import BadInput

SHIPPED = Path(str(files("swf_testbed.config").joinpath("shipped")))
"""Where the configurations are that come with the testbed."""


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


def read_layers(path: Path) -> list[Layer]:
    """A file's values, those under `[parameters]` last; errors as for `read_table`."""
    table = read_table(path)
    loose: Table = {}
    for key, value in table.pop(LOOSE, {}).items():
        loose.setdefault(home_of(key), {})[key] = value
    name = shown(path)
    own = Layer(name, table)
    return [own, Layer(name, loose, section=LOOSE)] if loose else [own]


def shown(path: Path) -> str:
    """A file as people know it: by name if it came with the testbed, else by its path."""
    return f"{path.name} (shipped)" if path.parent == SHIPPED else str(path)
