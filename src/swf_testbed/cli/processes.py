"""Commands about what runs: `start stop status stop-agents logs init`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import show, show_json, show_table, tell
from swf_testbed.config.settings import settings
from swf_testbed.control.agents import stop_agents
from swf_testbed.control.logs import Tail, follow, log_files
from swf_testbed.control.services import start_services, stop_services
from swf_testbed.control.starting_point import write_starting_point
from swf_testbed.control.status import Status, testbed_status

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(start)
    app.command()(stop)
    app.command("stop-agents")(stop_only_agents)
    app.command()(status)
    app.command()(logs)
    app.command()(init)


def start() -> None:
    """Bring up the services: broker, monitor and intake.

    Those that are up are left alone. Agents are started by `testbed run`, for the workflow that they are to
    carry out.
    """
    environment = settings()
    start_services(environment, tell)
    show(f"services are up; monitor: {environment.swf_monitor_http_url}")


def stop() -> None:
    """Stop the agents, then the services.

    A run that is under way is ended in good order first. What was stored stays.
    """
    environment = settings()
    _stop_agents()
    show("services stopped" if stop_services(environment) else "no services were running")


def stop_only_agents() -> None:
    """Stop the workflow runner and all agents; services stay up.

    A run that is under way is ended in good order.
    """
    _stop_agents()


def _stop_agents() -> None:
    stopped = stop_agents(settings())
    show(f"agents stopped: {', '.join(stopped)}" if stopped else "no agents were running")


def status(as_json: Json = False) -> None:
    """Show services, programs, agents and running executions.

    Services are asked by a real handshake: a login at the broker, a request with our token at the monitor.
    Exit code 0 if all services are up, else 1.
    """
    found = testbed_status(settings())
    if as_json:
        show_json(found.document())
    else:
        _show_status(found)
    raise typer.Exit(0 if found.services_up else 1)


def _show_status(found: Status) -> None:
    show_table(
        "Services",
        ("service", "answer", "process", "pid", "address"),
        [(one.name, one.answer.value, one.state, one.pid, one.address) for one in found.services],
    )
    if found.processes:
        show_table(
            "Programs",
            ("program", "process", "pid", "says"),
            [(one.full_name, one.state, one.pid, one.said) for one in found.processes],
        )
    if found.agents:
        show_table(
            "Agents",
            ("agent", "state", "status", "last heard"),
            [
                (one.instance_name, one.operational_state, one.status, one.last_heartbeat)
                for one in found.agents
            ],
        )
    if found.executions:
        show_table(
            "Executions",
            ("execution", "status", "since"),
            [(one.execution_id, one.status, one.start_time) for one in found.executions],
        )


def logs(
    program: Annotated[str | None, typer.Argument(help="A program, as `testbed status` lists it.")] = None,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=100_000, help="How many to begin with.")
    ] = 20,
) -> None:
    """Show the ends of logs: of one program, or of all.

    The files are in $SWF_HOME/logs. With several programs each line begins with the program's name.
    """
    tails = {name: Tail(path) for name, path in log_files(settings(), program).items()}
    label = "{name}: {line}" if len(tails) > 1 else "{line}"
    for name, tail in tails.items():
        for line in tail.last_lines(lines):
            show(label.format(name=name, line=line))
    if follow_:
        for name, line in follow(tails):
            show(label.format(name=name, line=line))


def init() -> None:
    """Write a starting point: logs/, supervisord.conf, agents.supervisord.conf, .env and testbed.toml.

    Never overwrites: a file that is there stays as it is.
    """
    for path, written in write_starting_point(settings()).items():
        show(f"{'written' if written else 'kept   '} {path}")
