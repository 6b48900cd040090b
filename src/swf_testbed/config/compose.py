"""From TOML files and overrides to one configuration.

Order, each over the one before, key by key: the includes of the workflow's file, the file itself,
testbed.toml, the overrides of the command line or the message.
"""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from swf_testbed.config.documents import Configuration, InstanceEntry
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

_SHIPPED = Path(str(files("swf_testbed.config").joinpath("shipped")))
TESTBED_FILE = "testbed.toml"
_PARAMETER_SECTIONS = tuple(Parameters.model_fields)
_DOCUMENT_SECTIONS = ("testbed", "workflow", "agents")

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
    for folder in (home / "workflows", _SHIPPED):
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
    return path.name != TESTBED_FILE and "workflow" in _read(path)


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
        value = tomllib.loads(f"value = {said}")["value"]
    except tomllib.TOMLDecodeError:
        value = said
    return dotted.strip(), value


def _with_includes(path: Path, above: tuple[Path, ...]) -> Table:
    if path in above:
        ring = " → ".join(entry.name for entry in (*above, path))
        raise BadInput("includes", path.name, f"includes itself: {ring}")
    table = _read(path)
    merged: Table = {}
    for name in table.get("workflow", {}).get("includes", ()):
        merged = merge(merged, _with_includes(_included(name, path), (*above, path)))
    return merge(merged, table)


def _included(name: str, by: Path) -> Path:
    for folder in (by.parent, _SHIPPED):
        if (folder / name).is_file():
            return folder / name
    raise BadInput("includes", name, f"there is no such file beside {by.name}")


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput("configuration", str(path), "there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("configuration", str(path), f"is not TOML: {error}") from None


def _set(table: Table, dotted: str, value: Any) -> None:
    section, _, key = dotted.partition(".")
    if not key:
        raise BadInput("parameter", dotted, "must be named section.key")
    inner = table.setdefault(section, {})
    *folders, last = key.split(".")
    for name in folders:
        inner = inner.setdefault(name, {})
    inner[last] = value


def _typed(table: Table) -> Configuration:
    sections = {name: table[name] for name in _PARAMETER_SECTIONS if name in table}
    loose = table.get("parameters", {})
    for key, value in loose.items():
        _place(sections, key, value)
    documents = {name: table[name] for name in _DOCUMENT_SECTIONS if name in table}
    unknown = set(table) - set(_PARAMETER_SECTIONS) - set(_DOCUMENT_SECTIONS) - {"parameters"}
    if unknown:
        name = sorted(unknown)[0]
        raise BadInput("section", name, _nearest(name, [*_PARAMETER_SECTIONS, *_DOCUMENT_SECTIONS]))
    documents.setdefault("testbed", {"namespace": ""})
    try:
        return Configuration.model_validate({**documents, "parameters": sections})
    except ValidationError as error:
        raise _explained(error) from None


def _place(sections: Table, key: str, value: Any) -> None:
    """A key of `[parameters]` belongs to the one section that knows it."""
    for name, field in Parameters.model_fields.items():
        if key in _fields_of(field.annotation):
            sections[name] = {**sections.get(name, {}), key: value}
            return
    every = [key for field in Parameters.model_fields.values() for key in _fields_of(field.annotation)]
    raise BadInput("parameters", key, _nearest(key, every))


def _fields_of(annotation: Any) -> Iterable[str]:
    return (
        annotation.model_fields if isinstance(annotation, type) and issubclass(annotation, BaseModel) else ()
    )


def _explained(error: ValidationError) -> BadInput:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part != "parameters"]
    if first["type"] == "extra_forbidden":
        return BadInput(".".join(path), first["input"], _nearest(path[-1], _siblings(path)))
    return BadInput(".".join(path), first["input"], first["msg"].removeprefix("Value error, "))


def _siblings(path: list[str]) -> list[str]:
    owner: Any = Parameters if path[0] in Parameters.model_fields else Configuration
    for part in path[:-1]:
        field = getattr(owner, "model_fields", {}).get(part)
        if field is None:
            from swf_testbed.config.documents import AgentEntry

            return list(AgentEntry.model_fields)
        owner = field.annotation
    return list(getattr(owner, "model_fields", {}))


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return (
        f"is not known; did you mean {close[0]}?" if close else f"is not known; there are {', '.join(names)}"
    )
