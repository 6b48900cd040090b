"""From TOML files and overrides to one configuration, and where each value of it came from.

Order, each over the one before, key by key: the includes of the workflow's file, the file itself,
testbed.toml, the environment, the overrides of the command line or the message. What stands under
`[parameters]` counts as if it stood in the section that knows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from swf_testbed.config.catalogue import find_workflow
from swf_testbed.config.documents import DOCUMENT_SECTIONS, Configuration
from swf_testbed.config.instance import testbed_path
from swf_testbed.config.known import PARAMETER_SECTIONS
from swf_testbed.config.layers import Layer, Table, flattened
from swf_testbed.config.mistakes import explained
from swf_testbed.config.overrides import set_value
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.reading import SHIPPED, read_layers, read_table
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
    own = testbed_path(home, testbed_file)
    if own.resolve() != path.resolve():
        layers += [_without_workflow(layer) for layer in read_layers(own)]
    merged = deepcopy(flattened(layers))  # the layers stay what they are
    for source, values in ((ENVIRONMENT, environment), (overrides_from, overrides)):
        said: Table = {}
        for dotted, value in (values or {}).items():
            set_value(merged, dotted, value)
            set_value(said, dotted, value)
        layers.append(Layer(source, said))
    return Composition(path, tuple(layers), _typed(merged))


def _without_workflow(layer: Layer) -> Layer:
    """What testbed.toml says under [workflow] is for a run of testbed.toml itself."""
    return replace(layer, table={name: said for name, said in layer.table.items() if name != "workflow"})


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


def _typed(table: Table) -> Configuration:
    sections = {name: table[name] for name in PARAMETER_SECTIONS if name in table}
    documents = {name: table[name] for name in DOCUMENT_SECTIONS if name in table}
    documents.setdefault("testbed", {"namespace": ""})
    try:
        return Configuration.model_validate({**documents, "parameters": sections})
    except ValidationError as error:
        raise explained(error) from None


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
