"""The testbed brought up, agents and all, and taken down again."""

from collections.abc import Sequence
from dataclasses import dataclass

from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import refuse_if_running, start_agents, stop_agents
from swf_testbed.control.crew import Crew, crew_said
from swf_testbed.control.programs import agent_programs
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.roll_call import await_ready
from swf_testbed.control.services import Tell, start_services, stop_services
from swf_testbed.control.supervision import Process
from swf_testbed.model.clock import now


@dataclass(frozen=True, slots=True)
class Started:
    """What stands: `config_name` is the workflow whose agents run, None for those of testbed.toml."""

    namespace: str
    config_name: str | None
    monitor_url: str
    programs: Sequence[Process]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What was ended: the agents' programs by name, and whether services were up."""

    agents: Sequence[str]
    services: bool = False


def start_testbed(settings: Settings, config_name: str | None = None, tell: Tell = lambda _: None) -> Started:
    """Bring up services and agents, and wait until all are ready; no run begins.

    Args:
        settings: of this home.
        config_name: the workflow whose agents are started; None for those of testbed.toml.
        tell: told what is done at the moment.

    Raises:
        Refused: agents run already, or a port is taken.
        BadInput: the configuration is wrong; names what.
        Unavailable: something does not come up; agents that were started are stopped again.
    """
    crew = crew_said(settings, config_name)
    programs = bring_up(settings, crew, tell)
    return Started(crew.namespace, config_name, settings.swf_monitor_http_url, programs)


def bring_up(settings: Settings, crew: Crew, tell: Tell) -> list[Process]:
    """The same for agents that are known; their processes."""
    refuse_if_running(settings)
    agent_programs(crew.agents, settings.swf_home)  # what is wrong with them is said before anything starts
    start_services(settings, tell)
    tell("starting the agents")
    since = now()
    processes = start_agents(settings, crew.agents)
    try:
        with open_monitor(settings) as monitor:
            tell("waiting for the agents to be ready")
            await_ready(settings, monitor, crew, processes, since)
    except BaseException:
        tell("stopping the agents again")
        stop_agents(settings)
        raise
    return processes


def restart_testbed(
    settings: Settings, config_name: str | None = None, tell: Tell = lambda _: None
) -> Started:
    """Stop the agents, and start them with the environment as it is now; errors as for `start_testbed`."""
    crew_said(settings, config_name)
    stop_agents(settings)
    return start_testbed(settings, config_name, tell)


def stop_testbed(settings: Settings, *, services: bool = True) -> Stopped:
    """End the agents, the runner first so that its run ends in good order, then the services."""
    agents = stop_agents(settings)
    return Stopped(agents, services and stop_services(settings))
