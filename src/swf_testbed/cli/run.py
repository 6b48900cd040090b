"""The command `run`."""

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from swf_testbed.cli.console import show, show_json, show_table, tell
from swf_testbed.cli.reporting import INTERRUPTED
from swf_testbed.config.environment import settings
from swf_testbed.config.overrides import parse_override
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import stop_agents
from swf_testbed.control.progress import Progress
from swf_testbed.control.running import RunRequest, Session, workflow_said
from swf_testbed.control.summary import is_good
from swf_testbed.model.errors import Unavailable
from swf_testbed.workflows.preparation import prepare


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(run)


def run(
    name: Annotated[
        str | None,
        typer.Argument(help="A workflow that `testbed config list` has, or the path of one."),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Return when every result is in; then stop the agents.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show how the run goes, until every result is in.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")] = False,
    stf_count: Annotated[int | None, typer.Option(min=0, help="Take exactly so many STFs.")] = None,
    realtime: Annotated[
        bool | None,
        typer.Option("--realtime/--fast", help="Pace by the clock, or go as fast as the machine allows."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a parameter; may be repeated."),
    ] = None,
) -> None:
    """Take a run: from the simulated detector to a live plot.

    Brings up the services that are down, starts the agents of the configuration afresh, and has the
    workflow run. Returns at once with the execution's id; the agents go on, until `testbed stop-agents`.
    With --wait it returns when the execution has ended and every result is merged, prints a summary, and
    stops the agents.

    Refused while agents run. Ctrl-C with --wait ends the run in good order and prints the summary of what
    there is; with --watch alone it ends the watching only.

    Exit codes with --wait: 0 if completed with nothing lost or failed, 1 if not, 130 after Ctrl-C.

    Examples:

      testbed run fast_processing --watch

      testbed run fast_processing --stf-count 5 --wait --json

      testbed run fast_processing --fast --set fast_processing.slices_per_sample=30

      testbed run ~/flows/my_workflow.toml --fast --wait
    """
    overrides = dict(parse_override(text) for text in set_ or ())
    if stf_count is not None:
        overrides["daq_state_machine.stf_count"] = stf_count
    environment = settings()
    workflow = workflow_said(name, environment)
    # What is wrong is said before anything is started.
    prepared = prepare(workflow, environment, overrides=overrides, overrides_from="command line")
    request = RunRequest(workflow, realtime, overrides, planned=prepared.planned)
    with Session(environment, prepared.configuration, request, tell) as session:
        if not (wait or watch):
            _show_started(session, as_json)
            return
        tell(f"{session.execution_id} takes run {session.run_number}: {session.page}")
        code = _wait(environment, session, watch, as_json) if wait else _watch(session, as_json)
    raise typer.Exit(code)


def _show_started(session: Session, as_json: bool) -> None:
    said = {"execution_id": session.execution_id, "run_id": session.run_number, "monitor_url": session.page}
    if as_json:
        show_json(said)
    else:
        show("\n".join(str(value) for value in (session.execution_id, session.page)))


def _wait(environment: Settings, session: Session, watch: bool, as_json: bool) -> int:
    """To the last result; the exit code. The agents are stopped, however it ends."""
    problem, code = "", 0
    try:
        try:
            _follow(session, watch)
        except KeyboardInterrupt:
            tell("interrupted: ending the run in good order (Ctrl-C again does not wait)")
            code = INTERRUPTED
            session.stop()
            _follow(session, watch)
        except Unavailable as error:
            problem = str(error)
        document = session.document()
    finally:
        stop_agents(environment)
    _show_document(document, as_json)
    if problem:
        tell(problem)
    return code or (0 if is_good(document) and not problem else 1)


def _watch(session: Session, as_json: bool) -> int:
    """As far as the person wishes; the run goes on whatever happens here. The exit code."""
    code = 0
    try:
        _follow(session, watch=True)
    except KeyboardInterrupt:
        tell("no longer watching; the run goes on. `testbed stop-agents` ends it in good order")
        code = INTERRUPTED
    _show_document(session.document(), as_json)
    return code


def _follow(session: Session, watch: bool) -> None:
    """To the last result; watched, on a terminal as a picture that moves, else as a line a change."""
    if watch and sys.stderr.isatty():
        _show_live(session)
        return
    last = ""
    for progress in session.follow():
        line = ", ".join(f"{name} {value}" for name, value in _figures(progress))
        if watch and line != last:
            tell(line)
            last = line


def _show_live(session: Session) -> None:
    with Live(auto_refresh=False, console=Console(stderr=True)) as live:
        for progress in session.follow():
            table = Table(title=f"{session.execution_id}  run {session.run_number}", show_header=False)
            table.add_row("elapsed", f"{progress.elapsed_s:.0f} s")
            for name, value in _figures(progress):
                table.add_row(name, value)
            table.add_row("monitor", session.page)
            live.update(table, refresh=True)


def _figures(progress: Progress) -> list[tuple[str, str]]:
    latency = "-" if progress.latency_s is None else f"{progress.latency_s:.2f} s"
    failed = f" ({progress.slices_failed} failed)" if progress.slices_failed else ""
    return [
        ("execution", progress.status),
        ("state", progress.state or "-"),
        ("STFs", f"{progress.stf_registered} of {progress.stf_written}"),
        ("samples", str(progress.samples)),
        ("slices", f"{progress.slices_settled} of {progress.slices_created}{failed}"),
        ("merged", str(progress.merged)),
        ("latency", latency),
    ]


def _show_document(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(document)
    else:
        show_table("Summary", ("", ""), list(_flat(document)))


def _flat(document: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        path = f"{above}.{name}" if above else name
        if isinstance(value, dict):
            yield from _flat(value, path)
        else:
            yield path, value
