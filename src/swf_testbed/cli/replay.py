"""The command `replay`."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from swf_testbed.cli.console import show, show_json, tell
from swf_testbed.cli.reporting import INTERRUPTED
from swf_testbed.config.environment import settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.readiness import connected_bus, open_monitor
from swf_testbed.control.replay import Replay


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(replay)


def replay(
    execution: Annotated[str, typer.Argument(metavar="EXECUTION", help="What is played, by its id.")],
    speed: Annotated[
        float,
        typer.Option(
            "--speed", metavar="X", help="How many recorded seconds pass in one; 0 for as fast as it goes."
        ),
    ] = 1.0,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", help="Where it is played; default: its own with `-replay` behind it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Play a recorded execution's messages again, into a scratch namespace.

    The messages that the monitor has stored go over the broker once more, in their order and with their
    pauses, as an execution and runs of their own. Playing it twice says the same messages, by their ids: the
    second time nothing new is stored. Nothing of the recorded execution is changed. Services must be up.

    Ctrl-C ends the replayed run and execution in good order.

    Examples:

      testbed replay stf_datataking-alice-0042 --speed 10

      testbed replay stf_datataking-alice-0042 --speed 0 --namespace rehearsal --json
    """
    environment = settings()
    with (
        open_monitor(environment) as monitor,
        connected_bus(environment) as bus,
        Replay(monitor, bus, execution, namespace=namespace, speed=speed) as played,
    ):
        scratch = played.scratch
        tell(f"{execution} is played as {scratch.execution_id} in {scratch.namespace}")
        code = _play(played)
    _report(environment, played, as_json)
    raise typer.Exit(code)


def _play(played: Replay) -> int:
    """To the end, or to Ctrl-C; the exit code."""
    columns = (TextColumn("replay"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("replay", total=played.total)
            for step in played:
                bar.update(task, completed=step.said + step.left_out)
    except KeyboardInterrupt:
        tell(f"interrupted after {played.played.said} of {played.total} messages: ending the replayed run")
        return INTERRUPTED
    return 0


def _report(environment: Settings, played: Replay, as_json: bool) -> None:
    scratch, done = played.scratch, played.played
    page = f"{environment.swf_monitor_http_url}/executions/{scratch.execution_id}/"
    if as_json:
        show_json(
            {
                "execution_id": scratch.execution_id,
                "replay_of": scratch.recorded,
                "namespace": scratch.namespace,
                "messages": done.said,
                "left_out": done.left_out,
                "total": done.total,
                "runs": {str(old): new for old, new in sorted(scratch.runs.items())},
                "monitor_url": page,
            }
        )
        return
    if done.left_out:
        told = "work in queues, or of types that this version does not know"
        tell(f"{done.left_out} messages were left out: {told}")
    show(f"{scratch.execution_id}\n{page}")
