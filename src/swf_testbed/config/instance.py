"""What testbed.toml alone says, without any workflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from swf_testbed.config.catalogue import TESTBED_FILE
from swf_testbed.config.documents import AgentEntry, InstanceAgents, InstanceEntry
from swf_testbed.config.known import PARAMETER_SECTIONS
from swf_testbed.config.layers import Table, flattened
from swf_testbed.config.mistakes import explained
from swf_testbed.config.overrides import set_value
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.reading import SHIPPED, read_layers


def testbed_path(home: Path, testbed_file: Path | None) -> Path:
    """The given testbed.toml, else that of the home folder, else the one that comes with the testbed."""
    own = home / TESTBED_FILE
    return testbed_file or (own if own.is_file() else SHIPPED / TESTBED_FILE)


def instance_table(home: Path, testbed_file: Path | None = None) -> Table:
    """Every section of testbed.toml, as `testbed_path` finds it."""
    return flattened(read_layers(testbed_path(home, testbed_file)))


def instance_namespace(home: Path, testbed_file: Path | None = None) -> str:
    """The namespace that testbed.toml names."""
    try:
        return InstanceEntry.model_validate(
            instance_table(home, testbed_file).get("testbed", {"namespace": ""})
        ).namespace
    except ValidationError as error:
        raise explained(error) from None


def instance_parameters(
    home: Path, testbed_file: Path | None = None, environment: Mapping[str, Any] | None = None
) -> Parameters:
    """The parameters without any workflow: what testbed.toml and the environment say."""
    table = instance_table(home, testbed_file)
    for dotted, value in (environment or {}).items():
        set_value(table, dotted, value)
    try:
        return Parameters.model_validate({name: table[name] for name in PARAMETER_SECTIONS if name in table})
    except ValidationError as error:
        raise explained(error) from None


def instance_agents(home: Path, testbed_file: Path | None = None) -> dict[str, AgentEntry]:
    """The agents that testbed.toml names."""
    table = instance_table(home, testbed_file)
    try:
        return InstanceAgents.model_validate({"agents": table.get("agents", {})}).agents
    except ValidationError as error:
        raise explained(error) from None
