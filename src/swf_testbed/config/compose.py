"""From TOML files and overrides to one configuration, and where each value of it came from.

Order, each over the one before, key by key: the includes of the workflow's file, the file itself,
testbed.toml, the environment, the overrides of the command line or the message. What stands under
`[parameters]` counts as if it stood in the section that knows it.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from swf_testbed.config.catalogue import TESTBED_FILE, find_workflow
from swf_testbed.config.documents import (
    DOCUMENT_SECTIONS,
    AgentEntry,
    Configuration,
    InstanceAgents,
    InstanceEntry,
)
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.reading import (
    LOOSE,
    PARAMETER_SECTIONS,
    SECTIONS,
    SHIPPED,
    Layer,
    Table,
    fields_of,
    home_of,
    nearest,
    read_layers,
    read_table,
)
from swf_testbed.config.section import unit_of
from swf_testbed.model.errors import BadInput

DEFAULT = "default"
"""Where a value comes from that nobody gave."""

OVERRIDE = "override"
ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a configuration by its full name, with its unit, and where it came from."""

    name: str
    value: Any
    unit: str
    origin: str


@dataclass(frozen=True, slots=True)
class Composition:
    """A configuration, the file that asks for it, and the layers that it was made of."""

    path: Path
    layers: tuple[Layer, ...]
    configuration: Configuration

    @property
    def workflow_names(self) -> tuple[str, ...]:
        """What the workflow is called: by the file itself, then by those that it includes, the last first."""
        said = (layer.table.get("workflow", {}).get("name") for layer in reversed(self.layers))
        return tuple(dict.fromkeys(name for name in said if name is not None))

    def with_options(self, options: dict[str, Any]) -> "Composition":
        """With all of the workflow's own options: those that were said, and the defaults of the others."""
        parameters = self.configuration.parameters.model_copy(update={"options": options})
        return replace(self, configuration=self.configuration.model_copy(update={"parameters": parameters}))

    def values(self) -> Iterator[Value]:
        """Every value, in the order of the sections."""
        for path, value in _leaves(self.configuration.document()):
            yield Value(".".join(path), value, _unit(path), self._origin(path))

    def _origin(self, path: tuple[str, ...]) -> str:
        said = (layer.place(path) for layer in reversed(self.layers) if layer.says(path))
        return next(said, DEFAULT)


def compose(
    workflow: str,
    home: Path,
    *,
    search: Sequence[Path] = (),
    testbed_file: Path | None = None,
    environment: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    overrides_from: str = OVERRIDE,
) -> Composition:
    """The configuration of a workflow, with where each value came from.

    Args:
        workflow: a name or a path, as `find_workflow` takes it.
        home: `SWF_HOME`.
        search: folders that are searched before those of the home folder.
        testbed_file: instead of `testbed.toml` in the home folder.
        environment: values by `section.key` that environment variables say.
        overrides: values by `section.key`.
        overrides_from: who said the overrides.

    Raises:
        BadInput: names the file, section and key, and the nearest name that exists.
    """
    path = find_workflow(workflow, home, search)
    layers = _with_includes(path, ())
    own = _testbed_path(home, testbed_file)
    if own.resolve() != path.resolve():
        layers += [_without_workflow(layer) for layer in read_layers(own)]
    merged = deepcopy(_merged(layers))  # the layers stay what they are
    for source, values in ((ENVIRONMENT, environment), (overrides_from, overrides)):
        said: Table = {}
        for dotted, value in (values or {}).items():
            _set(merged, dotted, value)
            _set(said, dotted, value)
        layers.append(Layer(source, said))
    return Composition(path, tuple(layers), _typed(merged))


def load_configuration(
    workflow: str,
    home: Path,
    *,
    search: Sequence[Path] = (),
    testbed_file: Path | None = None,
    environment: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Configuration:
    """The configuration of a workflow; arguments and errors as of `compose`."""
    return compose(
        workflow,
        home,
        search=search,
        testbed_file=testbed_file,
        environment=environment,
        overrides=overrides,
    ).configuration


def instance_table(home: Path, testbed_file: Path | None = None) -> Table:
    """testbed.toml: the given one, that of the home folder, or the one that comes with the testbed."""
    return _merged(read_layers(_testbed_path(home, testbed_file)))


def instance_namespace(home: Path, testbed_file: Path | None = None) -> str:
    """The namespace that testbed.toml names."""
    try:
        return InstanceEntry.model_validate(
            instance_table(home, testbed_file).get("testbed", {"namespace": ""})
        ).namespace
    except ValidationError as error:
        raise _explained(error) from None


def instance_parameters(
    home: Path, testbed_file: Path | None = None, environment: Mapping[str, Any] | None = None
) -> Parameters:
    """The parameters without any workflow: what testbed.toml and the environment say."""
    table = instance_table(home, testbed_file)
    for dotted, value in (environment or {}).items():
        _set(table, dotted, value)
    try:
        return Parameters.model_validate({name: table[name] for name in PARAMETER_SECTIONS if name in table})
    except ValidationError as error:
        raise _explained(error) from None


def instance_agents(home: Path, testbed_file: Path | None = None) -> dict[str, AgentEntry]:
    """The agents that testbed.toml names."""
    table = instance_table(home, testbed_file)
    try:
        return InstanceAgents.model_validate({"agents": table.get("agents", {})}).agents
    except ValidationError as error:
        raise _explained(error) from None


def _testbed_path(home: Path, testbed_file: Path | None) -> Path:
    own = home / TESTBED_FILE
    return testbed_file or (own if own.is_file() else SHIPPED / TESTBED_FILE)


def _without_workflow(layer: Layer) -> Layer:
    """What testbed.toml says under [workflow] is for a run of testbed.toml itself."""
    return replace(layer, table={name: said for name, said in layer.table.items() if name != "workflow"})


def merge(base: Table, over: Table) -> Table:
    """`over` laid on `base`, key by key; lists are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _merged(layers: Sequence[Layer]) -> Table:
    return reduce(merge, (layer.table for layer in layers), {})


def parse_override(text: str) -> tuple[str, Any]:
    """`section.key=value` as a person types it; the value is TOML, or `none` for no value, or plain text."""
    dotted, equals, said = text.partition("=")
    if not equals or "." not in dotted:
        raise BadInput("--set", text, "must be section.key=value, like fast_processing.slices_per_sample=15")
    if said.strip() == "none":
        return dotted.strip(), None
    try:
        document = tomllib.loads(f"value = {said}")
    except (ValueError, RecursionError):
        document = {}
    # A line break would make it a document of several values.
    return dotted.strip(), document["value"] if len(document) == 1 else said


def _with_includes(path: Path, above: tuple[Path, ...]) -> list[Layer]:
    if path in above:
        ring = " → ".join(entry.name for entry in (*above, path))
        raise BadInput("includes", path.name, f"includes itself: {ring}")
    layers: list[Layer] = []
    for name in _includes(read_table(path)):
        layers += _with_includes(_included(name, path), (*above, path))
    return layers + read_layers(path)


def _includes(table: Table) -> list[str]:
    names = table.get("workflow", {}).get("includes", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput("workflow.includes", names, "must be a list of file names")
    return names


def _included(name: str, by: Path) -> Path:
    for folder in (by.parent, SHIPPED):
        if (folder / name).is_file():
            return folder / name
    raise BadInput("includes", name, f"there is no such file beside {by.name}")


def _set(table: Table, dotted: str, value: Any) -> None:
    section, *path = dotted.split(".")
    if not path:
        raise BadInput("parameter", dotted, "must be named section.key")
    if section == LOOSE:
        section = home_of(path[0])
    if section not in SECTIONS:
        raise BadInput(dotted, value, f"section {section} {nearest(section, SECTIONS)}")
    inner = table.setdefault(section, {})
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
        if not isinstance(inner, dict):
            raise BadInput(dotted, value, f"{name} is one value, without keys below it")
    inner[path[-1]] = value


def _typed(table: Table) -> Configuration:
    sections = {name: table[name] for name in PARAMETER_SECTIONS if name in table}
    documents = {name: table[name] for name in DOCUMENT_SECTIONS if name in table}
    documents.setdefault("testbed", {"namespace": ""})
    try:
        return Configuration.model_validate({**documents, "parameters": sections})
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> BadInput:
    first = error.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"] if part != LOOSE]
    if first["type"] == "extra_forbidden":
        return BadInput(".".join(path), first["input"], nearest(path[-1], _siblings(path)))
    return BadInput(".".join(path), first["input"], first["msg"].removeprefix("Value error, "))


def _siblings(path: list[str]) -> list[str]:
    owner: Any = Parameters if path[0] in Parameters.model_fields else Configuration
    for part in path[:-1]:
        if part.isdigit():  # an entry of a list
            owner = get_args(owner)[0]
            continue
        field = getattr(owner, "model_fields", {}).get(part)
        if field is None:
            return list(AgentEntry.model_fields)
        owner = field.annotation
    return fields_of(owner)


def _leaves(table: Table, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from _leaves(value, path)
        else:
            yield path, value


def _unit(path: tuple[str, ...]) -> str:
    model: Any = Parameters
    for name in path[:-1]:
        found = getattr(model, "model_fields", {}).get(name)
        model = found and found.annotation
    found = getattr(model, "model_fields", {}).get(path[-1])
    return unit_of(found) if found else ""
