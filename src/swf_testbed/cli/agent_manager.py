"""The command `agent-manager`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import AsJson, show, show_document, tell
from swf_testbed.config.environment import settings
from swf_testbed.control.manager import daemon, unit
from swf_testbed.control.readiness import Answer
from swf_testbed.model.errors import BadInput


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("agent-manager")(agent_manager)


def agent_manager(
    detach: Annotated[bool, typer.Option("--detach", help="Start it in the background, and return.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the one that runs.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say whether it runs and answers.")] = False,
    install: Annotated[
        bool, typer.Option("--install", help="Have systemd start it when you log in.")
    ] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Have systemd no longer do so.")] = False,
    as_json: AsJson = False,
) -> None:
    """Be the agent manager: start and stop your agents on command, from another machine or an AI assistant.

    It brings up the services that are down, and listens on /queue/testbed.USERNAME.control for start_testbed,
    stop_testbed, restart, status, kill_agent and ping, answering each. What it refuses, it refuses in the
    words of the command line. A user has one. It lives through restarts of the broker; agents live on without
    it.

    Without an option it runs here until Ctrl-C; SIGUSR1 makes it send a heartbeat at once.

    Exit codes: 0 done, or with --status it answers; 1 it does not; 2 refused, as when it runs already.
    """
    said = {
        "--detach": detach,
        "--stop": stop,
        "--status": status,
        "--install": install,
        "--uninstall": uninstall,
    }
    chosen = [option for option, given in said.items() if given]
    if len(chosen) > 1:
        raise BadInput("options", " ".join(chosen), "give one of them at a time")
    acts = {
        "--detach": _detach,
        "--stop": _stop,
        "--status": _status,
        "--install": _install,
        "--uninstall": _uninstall,
    }
    code = acts[chosen[0]](as_json) if chosen else daemon.serve(settings(), tell)
    raise typer.Exit(code)


def _detach(as_json: bool) -> int:
    found = daemon.detach(settings(), tell)
    pid = found.process.pid if found.process else None
    show_document(found, f"agent manager is up (process {pid}): {found.control_queue}", as_json)
    return 0


def _stop(as_json: bool) -> int:
    ended = daemon.end(settings())
    text = "agent manager stopped" if ended else "no agent manager was running"
    show_document({"stopped": ended}, text, as_json)
    return 0


def _status(as_json: bool) -> int:
    found = daemon.manager_status(settings())
    if found.process is None:
        text = "no agent manager is running; `testbed agent-manager --detach` starts it"
    else:
        answer = "answers" if found.answer is Answer.OURS else f"does not answer: {found.said}"
        text = f"agent manager (process {found.process.pid}) {answer} on {found.control_queue}"
    show_document(found, text, as_json)
    return 0 if found.answer is Answer.OURS else 1


def _install(as_json: bool) -> int:
    del as_json
    path = unit.install(settings())
    show(f"written {path}")
    tell(
        f"now: systemctl --user daemon-reload && systemctl --user enable --now {unit.NAME}\n"
        "testbed: to have it up without a log-in: loginctl enable-linger"
    )
    return 0


def _uninstall(as_json: bool) -> int:
    del as_json
    path = unit.uninstall()
    show(f"removed {path}" if path else "it was not installed")
    return 0
