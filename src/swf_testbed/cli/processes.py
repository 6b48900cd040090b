"""Commands about what runs: `start stop start-local stop-local stop-agents`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import AsJson, show_document, tell
from swf_testbed.config.environment import settings
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.control.services import start_services
from swf_testbed.control.standing import Stopped, start_testbed, stop_testbed

Agents = Annotated[bool, typer.Option("--agents", help="Start the agents too, those of testbed.toml.")]
Config = Annotated[
    str | None,
    typer.Option("--config", metavar="NAME", help="Start the agents too, those of this workflow."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(start)
    app.command()(stop)
    app.command("start-local")(start_local)
    app.command("stop-local")(stop_local)
    app.command("stop-agents")(stop_agents)


def local(environment: Settings) -> Settings:
    """The same settings with mode `local`."""
    return environment.model_copy(update={"swf_mode": Mode.LOCAL})


def start(agents: Agents = False, config: Config = None, as_json: AsJson = False) -> None:
    """Bring up the services of the mode that SWF_MODE names.

    In mode `embedded`, the default, these are broker, monitor and intake, and nothing has to be installed. In
    mode `local` the broker and the database run already; they are asked, and monitor and intake are started.
    In mode `docker` docker compose brings those two up first. What is up is left alone.

    Agents are started by `testbed run`, for the run that they are to take. With --agents or --config they are
    started here and wait for commands, as those of `workflows/send_workflow_command.py`; refused while agents
    run.

    Examples:

      testbed start

      testbed start --config fast_processing
    """
    _start(settings(), agents, config, as_json)


def start_local(agents: Agents = False, config: Config = None, as_json: AsJson = False) -> None:
    """Bring up the testbed on a PostgreSQL and an ActiveMQ that run already: `start` with SWF_MODE=local.

    Both are asked by a real handshake first, a log-in with DB_USER and DB_PASSWORD, and one with
    ACTIVEMQ_USER and ACTIVEMQ_PASSWORD; then monitor and intake are started. Set SWF_MODE=local in .env, so
    that `testbed run` uses them too.

    Exit code 1 if one of them does not answer as it should; the message says which, and why.
    """
    _start(local(settings()), agents, config, as_json)


def _start(environment: Settings, agents: bool, config: str | None, as_json: bool) -> None:
    if agents or config is not None:
        started = start_testbed(environment, config, tell)
        said = f"services and {len(started.programs)} programs are up; monitor: {started.monitor_url}"
        show_document(started, said, as_json)
    else:
        services = start_services(environment, tell)
        show_document(services, f"services are up; monitor: {environment.swf_monitor_http_url}", as_json)


def stop(as_json: AsJson = False) -> None:
    """Stop the agents, then the services.

    A run that is under way is ended in good order first. What was stored stays. A broker and a database that
    run by themselves (mode `local`) are left alone; containers (mode `docker`) are ended. The agent manager
    stays, and waits for the broker; `testbed agent-manager --stop` ends it.
    """
    _stop(settings(), as_json)


def stop_local(as_json: AsJson = False) -> None:
    """Stop agents, monitor and intake; PostgreSQL and ActiveMQ are left alone."""
    _stop(local(settings()), as_json)


def _stop(environment: Settings, as_json: bool) -> None:
    stopped = stop_testbed(environment)
    services = "services stopped" if stopped.services else "no services were running"
    show_document(stopped, f"{_agents_told(stopped)}\n{services}", as_json)


def stop_agents(as_json: AsJson = False) -> None:
    """Stop the workflow runner and all agents; services stay up.

    A run that is under way is ended in good order.
    """
    stopped = stop_testbed(settings(), services=False)
    show_document(stopped, _agents_told(stopped), as_json)


def _agents_told(stopped: Stopped) -> str:
    return f"agents stopped: {', '.join(stopped.agents)}" if stopped.agents else "no agents were running"
