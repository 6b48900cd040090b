"""Which agents a configuration asks for."""

from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

from swf_testbed.config.catalogue import TESTBED_FILE
from swf_testbed.config.compose import compose
from swf_testbed.config.documents import AgentEntry, Configuration
from swf_testbed.config.instance import instance_agents, instance_namespace, instance_parameters
from swf_testbed.config.parameters import AGENTS_OWN, Parameters
from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput


class Crew(NamedTuple):
    """The agents of a namespace, by name; the workflow runner is always with them."""

    namespace: str
    agents: Mapping[str, AgentEntry]


def crew_said(settings: Settings, config_name: str | None) -> Crew:
    """The agents of a workflow's configuration; without a name, those of testbed.toml alone."""
    if config_name is not None:
        configuration = compose(
            config_name,
            settings.swf_home,
            search=settings.workflow_path,
            testbed_file=settings.swf_testbed_config,
            environment=settings.parameters,
        ).configuration
        return crew_of(settings, configuration)
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    return Crew(namespace, instance_agents(settings.swf_home, settings.swf_testbed_config))


def crew_of(settings: Settings, configuration: Configuration) -> Crew:
    """The agents of a configuration; `BadInput` if it is of another namespace than testbed.toml's."""
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    if configuration.testbed.namespace != namespace:
        raise BadInput(
            "testbed.namespace",
            configuration.testbed.namespace,
            f"is set in {TESTBED_FILE} alone, since every program reads it there ({namespace})",
        )
    _refuse_what_agents_would_not_hear(settings, configuration)
    return Crew(namespace, configuration.agents)


def _refuse_what_agents_would_not_hear(settings: Settings, configuration: Configuration) -> None:
    """Some of it agents read at their start, from testbed.toml and environment, for whatever run."""
    own = instance_parameters(settings.swf_home, settings.swf_testbed_config, settings.parameters)
    for name in AGENTS_OWN:
        said = _value(configuration.parameters, name)
        if said != _value(own, name):
            where = f"is set in {TESTBED_FILE} or the environment alone, since the agent reads it there"
            raise BadInput(name, said, where)


def _value(parameters: Parameters, name: str) -> object:
    return reduce(getattr, name.split("."), parameters)
