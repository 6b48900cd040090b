"""The agents of a workflow, and the runner, under their own supervisord."""

from collections.abc import Iterable, Mapping

from swf_testbed.config.documents import AgentEntry
from swf_testbed.config.settings import Settings
from swf_testbed.control.places import control_lock, socket_dir
from swf_testbed.control.programs import RUNNER, Program, agent_programs, public_environment, supervisor_file
from swf_testbed.control.services import log_end
from swf_testbed.control.supervision import Process, Supervisord, wait_until
from swf_testbed.model.errors import Refused, Unavailable

AGENTS_FILE = "agents.supervisord.conf"

UP_S = 30.0
"""How long the agents' processes may take to be up."""


def agents_supervisord(settings: Settings) -> Supervisord:
    """The supervisord of the agents."""
    return Supervisord(settings.swf_home / AGENTS_FILE, socket_dir(settings) / "agents.sock")


def agent_processes(settings: Settings) -> list[Process]:
    """Every process of the runner and the agents; none when their supervisord is down."""
    return agents_supervisord(settings).processes()


def refuse_if_running(settings: Settings) -> None:
    """Raises `Refused`, with the remedy, when agents run."""
    live = [process.full_name for process in agent_processes(settings) if process.live]
    if live:
        raise Refused(f"agents already run ({', '.join(live)}); run `testbed stop-agents` first")


def start_agents(settings: Settings, agents: Mapping[str, AgentEntry]) -> list[Process]:
    """Start the runner and the enabled agents with the present environment, and wait until all are up.

    Raises:
        Refused: agents run already.
        BadInput: one cannot be run as it is written.
        Unavailable: a program does not stay up; the end of its log says why. None is left running.
    """
    with control_lock(settings):
        refuse_if_running(settings)
        supervisord = agents_supervisord(settings)
        # A supervisord keeps the environment it was started with, even through its own restart.
        supervisord.shut_down()
        programs = agent_programs(agents, settings.swf_home)
        settings.log_dir.mkdir(parents=True, exist_ok=True)
        try:
            supervisord.start(agents_file(settings, programs), {})
            for program in programs:
                supervisord.begin(program.name)
            return _await_up(settings, supervisord)
        except BaseException:
            supervisord.shut_down()
            raise


def agents_file(settings: Settings, programs: Iterable[Program] = ()) -> str:
    """The text of the agents' configuration file."""
    return supervisor_file(
        settings,
        socket=agents_supervisord(settings).socket,
        name="agents",
        programs=programs,
        environment=public_environment(settings),
    )


def _await_up(settings: Settings, supervisord: Supervisord) -> list[Process]:
    found: list[Process] = []

    def settled() -> bool:
        found[:] = supervisord.processes()
        return all(process.running for process in found) or any(process.state == "FATAL" for process in found)

    wait_until(settled, UP_S)
    fallen = [process for process in found if not process.running]
    if fallen:
        first = fallen[0]
        raise Unavailable(f"{first.full_name} does not run ({first.state}); {log_end(settings, first.name)}")
    return found


def stop_agents(settings: Settings) -> list[str]:
    """End the runner and all agents; the names of those that ran."""
    with control_lock(settings):
        supervisord = agents_supervisord(settings)
        live = [process.full_name for process in supervisord.processes() if process.live]
        # The runner first: it ends its run in good order while the others still listen.
        supervisord.shut_down(first=RUNNER)
        return live
