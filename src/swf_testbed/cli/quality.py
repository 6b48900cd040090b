"""The command `quality`."""

from datetime import datetime
from typing import Annotated

import typer

from swf_testbed.cli.console import show, show_json, show_table
from swf_testbed.cli.sampling import OfRun, monitor_of, run_said
from swf_testbed.config.environment import settings
from swf_testbed.model.errors import BadInput
from swf_testbed.records import QualityFlag
from swf_testbed.records.judgement import flags_as_csv


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(quality)


def quality(
    run: OfRun = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for the run catalogue.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show what checks say of a run's data, interval by interval.

    A time that no interval of a check covers was not judged: its quality is null.

    Examples:

      testbed quality

      testbed quality 100012 --csv > flags.csv
    """
    if as_csv and as_json:
        raise BadInput("--csv", "with --json", "choose one of them")
    environment = settings()
    with monitor_of(environment) as monitor:
        number = run_said(environment, monitor, run)
        flags = list(monitor.list(QualityFlag, run_number=number, ordering="since,subsystem,check"))
        summary = monitor.summary(number).quality
    if as_csv:
        show(flags_as_csv(flags).rstrip("\n"))
    elif as_json:
        kept = [one.model_dump(mode="json", exclude=set(one.server_fields)) for one in flags]
        show_json({"run_number": number, "quality": summary, "flags": kept})
    else:
        _show(number, flags, summary)


def _show(number: int, flags: list[QualityFlag], summary: dict[str, str]) -> None:
    told = [one for one in flags if one.quality.value in ("bad", "medium")]
    rows = [
        (
            one.subsystem,
            one.quality.value,
            one.check,
            one.part,
            _clock(one.since),
            _clock(one.until),
            one.reason,
        )
        for one in told
    ]
    columns = ("subsystem", "quality", "check", "part", "since", "until", "reason")
    show_table(f"Run {number}: what is not good (times in UTC)", columns, rows)
    show_table(f"Run {number}: the worst of each subsystem", ("", ""), sorted(summary.items()))


def _clock(moment: datetime | None) -> str:
    return "now" if moment is None else f"{moment:%H:%M:%S}"
