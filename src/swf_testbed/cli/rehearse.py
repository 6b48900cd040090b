"""The command `rehearse`."""

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from swf_testbed.cli.console import show_json, show_table, tell
from swf_testbed.config.environment import settings
from swf_testbed.config.overrides import parse_override
from swf_testbed.messages import EndRun, Message, RunImminent, StateChanged, StfGen
from swf_testbed.messages.lifecycle import COMPLETED, InState
from swf_testbed.model.states import daq_state
from swf_testbed.workflows.preparation import prepare
from swf_testbed.workflows.rehearsal import rehearse

FAILED = 1


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("rehearse")(rehearse_)


def rehearse_(
    name: Annotated[
        str, typer.Argument(help="A workflow that `testbed config list` has, or the path of one.")
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a value; may be repeated."),
    ] = None,
    limit: Annotated[float, typer.Option(min=0, help="Stop after so many simulated seconds.")] = 3600.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the messages as one JSON document.")] = False,
) -> None:
    """Show what a workflow would say, and when, without running anything.

    Needs no services, writes no files and takes no time, so it is the quickest way to try a workflow of your
    own. What the workflow raises is shown with its stack trace. Exit code 0 if it came to its end.

    Examples:

      testbed rehearse fast_processing

      testbed rehearse my_workflow --set options.periods=3
    """
    overrides = dict(parse_override(text) for text in set_ or ())
    prepared = prepare(name, settings(), overrides=overrides, overrides_from="--set")
    try:
        done = rehearse(prepared, limit)
    except (Exception, SystemExit) as error:
        _tell_failure(error, prepared.code.path)
        raise typer.Exit(FAILED) from None
    if as_json:
        show_json([message.model_dump(mode="json") for message in done.messages])
    else:
        show_table("Messages", ("s", "state", "message", ""), list(_rows(done.messages)))
    stfs = sum(isinstance(message, StfGen) for message in done.messages)
    tell(f"{done.reason}: {stfs} STF files in {done.simulated_s:g} simulated seconds")
    if done.reason != COMPLETED:
        raise typer.Exit(FAILED)


def _rows(messages: Iterable[Message]) -> Iterator[tuple[str, str, str, str]]:
    for message in messages:
        if isinstance(message, InState | StateChanged):
            state = str(daq_state(message.state.value, message.substate and message.substate.value))
            yield f"{message.simulation_tick:.3f}", state, message.msg_type, _particulars(message)


def _particulars(message: Message) -> str:
    match message:
        case StfGen():
            return message.filename
        case EndRun():
            return message.reason
        case RunImminent():
            return f"run {message.run_id}"
    return ""


def _tell_failure(error: BaseException, path: Path) -> None:
    """What a workflow raised, with the lines of its file that led there."""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(path):
            tell(f"{path.name}, line {frame.lineno}, in {frame.name}: {frame.line}")
    tell(f"{type(error).__name__}: {error}")
