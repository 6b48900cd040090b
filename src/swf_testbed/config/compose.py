"""From TOML files and overrides to one configuration.

Order, each over the one before, key by key: the includes of the workflow's file, the file itself,
testbed.toml, the overrides of the command line or the message. What stands under `[parameters]` counts
as if it stood in the section that knows it.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from swf_testbed.config.documents import AgentEntry, Configuration, InstanceAgents, InstanceEntry
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

_SHIPPED = Path(str(files("swf_testbed.config").joinpath("shipped")))
TESTBED_FILE = "testbed.toml"
LOOSE = "parameters"
_PARAMETER_SECTIONS = tuple(Parameters.model_fields)
_DOCUMENT_SECTIONS = ("testbed", "workflow", "agents")
_SECTIONS = (*_PARAMETER_SECTIONS, *_DOCUMENT_SECTIONS)
_WORKFLOW_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")

Table = dict[str, Any]


def load_configuration(
    workflow: str,
    home: Path,
    *,
    testbed_file: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Configuration:
    """The configuration of a workflow.

    Args:
        workflow: a name (`NAME.toml`, else `NAME_default.toml` in `workflows/` of the home folder, else
            among those that come with the testbed) or a path that ends in .toml.
        home: `SWF_HOME`.
        testbed_file: instead of `testbed.toml` in the home folder.
        overrides: values by `section.key`.

    Raises:
        BadInput: names the file, section and key, and the nearest name that exists.
    """
    path = find_workflow(workflow, home)
    merged = merge(_with_includes(path, ()), instance_table(home, testbed_file))
    for dotted, value in (overrides or {}).items():
        _set(merged, dotted, value)
    return _typed(merged)


def find_workflow(name: str, home: Path) -> Path:
    """The file of a workflow; `BadInput` lists what there is."""
    if name.endswith(".toml"):
        if Path(name).is_file():
            return Path(name)
        raise BadInput("workflow", name, "there is no such file")
    for folder in (home / "workflows", _SHIPPED) if _WORKFLOW_NAME.fullmatch(name) else ():
        for candidate in (folder / f"{name}.toml", folder / f"{name}_default.toml"):
            if candidate.is_file():
                return candidate
    known = ", ".join(workflow_names(home))
    raise BadInput("workflow", name, f"there is no workflow of this name; there are: {known}")


def workflow_names(home: Path) -> list[str]:
    """The workflows that can be run by name."""
    names = set()
    for folder in (home / "workflows", _SHIPPED):
        names |= {path.stem.removesuffix("_default") for path in folder.glob("*.toml") if _runnable(path)}
    return sorted(names)


def _runnable(path: Path) -> bool:
    try:
        return path.name != TESTBED_FILE and "workflow" in _read(path)
    except BadInput:  # said to whoever asks for this very file
        return False


def instance_table(home: Path, testbed_file: Path | None = None) -> Table:
    """testbed.toml: the given one, that of the home folder, or the one that comes with the testbed."""
    if testbed_file is not None:
        return _read(testbed_file)
    own = home / TESTBED_FILE
    return _read(own if own.is_file() else _SHIPPED / TESTBED_FILE)


def instance_namespace(home: Path, testbed_file: Path | None = None) -> str:
    """The namespace that testbed.toml names."""
    try:
        return InstanceEntry.model_validate(
            instance_table(home, testbed_file).get("testbed", {"namespace": ""})
        ).namespace
    except ValidationError as error:
        raise _explained(error) from None


def instance_agents(home: Path, testbed_file: Path | None = None) -> dict[str, AgentEntry]:
    """The agents that testbed.toml names."""
    table = instance_table(home, testbed_file)
    try:
        return InstanceAgents.model_validate({"agents": table.get("agents", {})}).agents
    except ValidationError as error:
        raise _explained(error) from None


def merge(base: Table, over: Table) -> Table:
    """`over` laid on `base`, key by key; lists are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def parse_override(text: str) -> tuple[str, Any]:
    """`section.key=value` as a person types it; the value is TOML, or else plain text."""
    dotted, equals, said = text.partition("=")
    if not equals or "." not in dotted:
        raise BadInput("--set", text, "must be section.key=value, like fast_processing.slices_per_sample=15")
    try:
        document = tomllib.loads(f"value = {said}")
    except (ValueError, RecursionError):
        document = {}
    # A line break would make it a document of several values.
    return dotted.strip(), document["value"] if len(document) == 1 else said


def _with_includes(path: Path, above: tuple[Path, ...]) -> Table:
    if path in above:
        ring = " → ".join(entry.name for entry in (*above, path))
        raise BadInput("includes", path.name, f"includes itself: {ring}")
    table = _read(path)
    merged: Table = {}
    for name in _includes(table):
        merged = merge(merged, _with_includes(_included(name, path), (*above, path)))
    return merge(merged, table)


def _includes(table: Table) -> list[str]:
    names = table.get("workflow", {}).get("includes", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput("workflow.includes", names, "must be a list of file names")
    return names


def _included(name: str, by: Path) -> Path:
    for folder in (by.parent, _SHIPPED):
        if (folder / name).is_file():
            return folder / name
    raise BadInput("includes", name, f"there is no such file beside {by.name}")


def _read(path: Path) -> Table:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput("configuration", str(path), "there is no such file") from None
    except OSError as error:
        raise BadInput("configuration", str(path), f"cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadInput("configuration", str(path), f"is not TOML: {error}") from None
    for section, entries in table.items():
        if section not in (*_SECTIONS, LOOSE):
            raise BadInput("section", section, f"{_nearest(section, _SECTIONS)} ({path})")
        if not isinstance(entries, dict):
            raise BadInput(section, entries, f"must be a section, [{section}] ({path})")
    for key, value in table.pop(LOOSE, {}).items():
        table = merge(table, {_home_of(key): {key: value}})
    return table


def _set(table: Table, dotted: str, value: Any) -> None:
    section, *path = dotted.split(".")
    if not path:
        raise BadInput("parameter", dotted, "must be named section.key")
    if section == LOOSE:
        section = _home_of(path[0])
    if section not in _SECTIONS:
        raise BadInput(dotted, value, f"section {section} {_nearest(section, _SECTIONS)}")
    inner = table.setdefault(section, {})
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadInput(dotted, value, f"{name} is one value, without keys below it")
    inner[path[-1]] = value


def _typed(table: Table) -> Configuration:
    sections = {name: table[name] for name in _PARAMETER_SECTIONS if name in table}
    documents = {name: table[name] for name in _DOCUMENT_SECTIONS if name in table}
    documents.setdefault("testbed", {"namespace": ""})
    try:
        return Configuration.model_validate({**documents, "parameters": sections})
    except ValidationError as error:
        raise _explained(error) from None


def _home_of(key: str) -> str:
    """The one section that knows a key of `[parameters]`."""
    known = {name: _fields_of(field.annotation) for name, field in Parameters.model_fields.items()}
    homes = [name for name, keys in known.items() if key in keys]
    if not homes:
        raise BadInput(LOOSE, key, _nearest(key, {key for keys in known.values() for key in keys}))
    if len(homes) > 1:
        raise BadInput(LOOSE, key, f"is in {' and '.join(homes)}; write it under the one that is meant")
    return homes[0]


def _fields_of(annotation: Any) -> list[str]:
    return list(getattr(annotation, "model_fields", ()))


def _explained(error: ValidationError) -> BadInput:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part != LOOSE]
    if first["type"] == "extra_forbidden":
        return BadInput(".".join(path), first["input"], _nearest(path[-1], _siblings(path)))
    return BadInput(".".join(path), first["input"], first["msg"].removeprefix("Value error, "))


def _siblings(path: list[str]) -> list[str]:
    owner: Any = Parameters if path[0] in Parameters.model_fields else Configuration
    for part in path[:-1]:
        field = getattr(owner, "model_fields", {}).get(part)
        if field is None:
            return list(AgentEntry.model_fields)
        owner = field.annotation
    return _fields_of(owner)


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (
        f"is not known; did you mean {close[0]}?" if close else f"is not known; there are {', '.join(names)}"
    )
