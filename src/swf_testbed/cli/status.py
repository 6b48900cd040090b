"""The commands `status` and `status-local`."""

import typer

from swf_testbed.cli.console import AsJson, show_json, show_table
from swf_testbed.cli.processes import local
from swf_testbed.config.environment import settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.status import Status, testbed_status


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(status)
    app.command("status-local")(status_local)


def status(as_json: AsJson = False) -> None:
    """Show services, agent manager, programs, agents and running executions.

    Services are asked by a real handshake: a login at the broker, a request with our token at the monitor. An
    agent whose process has ended is not listed, whatever the monitor still believes; an execution that nobody
    is left to end is shown as `left open`, and the next `testbed run` ends it.

    Exit code 0 if all services are up, else 1.
    """
    _status(settings(), as_json)


def status_local(as_json: AsJson = False) -> None:
    """The same for mode `local`: PostgreSQL and ActiveMQ are asked too, each by a log-in."""
    _status(local(settings()), as_json)


def _status(environment: Settings, as_json: bool) -> None:
    found = testbed_status(environment)
    if as_json:
        show_json(found.document())
    else:
        _show(found)
    raise typer.Exit(0 if found.services_up else 1)


def _show(found: Status) -> None:
    show_table(
        "Services",
        ("service", "answer", "process", "pid", "address", "says"),
        [(one.name, one.answer.value, one.state, one.pid, one.address, one.said) for one in found.services],
    )
    manager = found.manager
    if manager.process:
        show_table(
            "Agent manager",
            ("queue", "answer", "pid", "does"),
            [
                (
                    manager.control_queue,
                    manager.answer.value,
                    manager.process.pid,
                    (manager.state and manager.state.busy) or manager.said,
                )
            ],
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
            [(one.execution.execution_id, one.status, one.execution.start_time) for one in found.executions],
        )
