"""Which workflows there are, and where: in folders that a person names, in the home folder, and shipped."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from swf_testbed.config.reading import SHIPPED, read_table
from swf_testbed.model.errors import BadInput, shorten

TESTBED_FILE = "testbed.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DEFAULT = "_default"
_SHOWN = ("name", "version", "description")
_SUFFIXES = (".toml", ".py")


@dataclass(frozen=True, slots=True)
class Entry:
    """A workflow that can be run by its name."""

    name: str
    workflow: str
    version: str
    description: str
    path: Path


def workflow_folders(home: Path, search: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Where workflows are looked for by name, in this order.

    Args:
        home: `SWF_HOME`; its `workflows/` is among them.
        search: `SWF_WORKFLOW_PATH`, comes first.
    """
    return (*search, home / "workflows", SHIPPED)


def find_workflow(name: str, home: Path, search: Sequence[Path] = ()) -> Path:
    """The configuration file of a workflow.

    Args:
        name: `NAME.toml`, else `NAME_default.toml` in one of the folders; or a path, with a slash or with
            the ending of the TOML file or of the Python file beside it.
        home: `SWF_HOME`.
        search: folders that come first.

    Raises:
        BadInput: there is none; lists those that there are.
    """
    if is_path(name):
        return _at_path(name)
    for folder in workflow_folders(home, search) if _NAME.fullmatch(name) else ():
        for candidate in (folder / f"{name}.toml", folder / f"{name}{_DEFAULT}.toml"):
            if candidate.is_file():
                return candidate
    known = ", ".join(workflow_names(home, search))
    raise BadInput("workflow", name, f"there is no workflow of this name; there are: {known}")


def is_path(name: str) -> bool:
    """Whether a workflow is named by its path."""
    return name.endswith(_SUFFIXES) or "/" in name


def _at_path(said: str) -> Path:
    try:
        path = Path(said).expanduser()
        toml = f"{path.stem if path.suffix in _SUFFIXES else path.name}.toml"
        candidate = path.with_name(toml)
        found = candidate.is_file()
    except (OSError, ValueError, RuntimeError) as error:  # too long, NUL, a home folder of nobody
        raise BadInput("workflow", said, f"is no path: {error}") from None
    if not found:
        raise BadInput("workflow", said, f"there is no such file as {shorten(str(candidate))}")
    return candidate


def catalogue(home: Path, search: Sequence[Path] = ()) -> list[Entry]:
    """Every workflow that can be run by name; of one name the one that `find_workflow` finds."""
    found: dict[str, Entry] = {}
    for folder in workflow_folders(home, search):
        for entry in _in_folder(folder):
            found.setdefault(entry.name, entry)
    return [found[name] for name in sorted(found)]


def _in_folder(folder: Path) -> Iterator[Entry]:
    # NAME.toml comes before NAME_default.toml.
    for path in sorted(folder.glob("*.toml"), key=lambda one: one.stem.endswith(_DEFAULT)):
        said = _workflow_section(path)
        if path.name != TESTBED_FILE and said:
            name, version, description = (str(said.get(key, "")) for key in _SHOWN)
            yield Entry(path.stem.removesuffix(_DEFAULT), name, version, description, path)


def _workflow_section(path: Path) -> dict[str, Any]:
    try:
        return dict(read_table(path).get("workflow", {}))
    except BadInput:  # said to whoever asks for this very file
        return {}


def workflow_names(home: Path, search: Sequence[Path] = ()) -> list[str]:
    """The workflows that can be run by name."""
    return [entry.name for entry in catalogue(home, search)]
