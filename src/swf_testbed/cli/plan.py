"""The command `plan`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from swf_testbed.cli.console import show, show_json, show_table, tell
from swf_testbed.config.environment import settings
from swf_testbed.config.overrides import parse_override
from swf_testbed.control.capacity import Need, document, limits_of, needs, sufficient
from swf_testbed.workflows.preparation import prepare

NOT_ENOUGH = 1


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(plan)


def plan(
    name: Annotated[
        str, typer.Argument(help="A workflow: a name that `testbed config list` has, or a path.")
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a value; may be repeated."),
    ] = None,
    bandwidth: Annotated[
        float | None, typer.Option("--bandwidth", metavar="MB/S", help="What the exit buffer's disk can do.")
    ] = None,
    broker_rate: Annotated[
        float | None,
        typer.Option("--broker-rate", metavar="PER_SECOND", help="Messages that the broker can confirm."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of a table.")
    ] = False,
) -> None:
    """Say what a configuration needs, and whether it is there: workers, bandwidth, disk, broker.

    Rates are those while data is taken, from the parameters alone: nothing is started. Workers suffice when
    slices do not pile up; when the last result comes if they do is told too. Disk is what is free where the
    testbed keeps its files. How each number comes about stands beside it.

    Exit codes: 0 if there is enough of everything, 1 if not.

    Examples:

      testbed plan fast_processing

      testbed plan fast_processing --set fast_processing.target_worker_count=225 --json
    """
    environment = settings()
    overrides = dict(parse_override(text) for text in set_ or ())
    prepared = prepare(name, environment, overrides=overrides, overrides_from="--set")
    if not prepared.planned:
        file = prepared.code.path.name
        tell(f"{file} is code of its own, which may take other runs than its parameters plan")
    limits = limits_of(_free(environment.state_dir), bandwidth, broker_rate)
    found = needs(prepared.parameters, limits)
    enough = sufficient(found)
    if as_json:
        show_json({"workflow": prepared.configuration.workflow.name, **document(found)})
    else:
        show_table("Plan", ("what", "needed", "there is", "", "how"), [_row(one) for one in found])
        short = ", ".join(one.name for one in found if one.enough is False)
        show("sufficient" if enough else f"not sufficient: {short}")
    raise typer.Exit(0 if enough else NOT_ENOUGH)


def _row(need: Need) -> tuple[str, str, str, str, str]:
    there = "" if need.available is None else _said(need.available, need.unit)
    verdict = {None: "", True: "enough", False: "too little"}[need.enough]
    return need.name, _said(need.needed, need.unit), there, verdict, need.how


def _said(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"
    return f"{number} {unit}".rstrip()


def _free(folder: Path) -> int:
    """Bytes free where a folder is or will be."""
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(existing).free
