"""Commands about references: marking runs, and making references of good ones."""

from typing import Annotated

import typer

from swf_testbed.cli.console import AsJson, show_document, show_json, show_table
from swf_testbed.cli.sampling import monitor_of
from swf_testbed.config.environment import settings
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.model.status import RunMark
from swf_testbed.records import Reference

app = typer.Typer(
    name="reference",
    help="What good data looks like: mark runs, make references of good ones, list them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_NO_MARK = "none"
Note = Annotated[str, typer.Option(help="Why, for others.")]


@app.command()
def mark(
    run: Annotated[int, typer.Argument(metavar="RUN", help="Its number.")],
    word: Annotated[str, typer.Argument(metavar="MARK", help="good, bad, or none to take it back.")],
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Mark a run good or bad, after a look at its plots.

    The owner of its namespace, its members and staff may do it.
    """
    words = (*RunMark, _NO_MARK)
    if word not in words:
        raise BadInput("MARK", word, one_of(words))
    with monitor_of(settings()) as monitor:
        marked = monitor.mark_run(run, None if word == _NO_MARK else RunMark(word), note)
    show_document(marked, f"run {run} is marked {word}", as_json)


@app.command()
def make(
    runs: Annotated[list[int], typer.Argument(metavar="RUN…", help="Their numbers.")],
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Make the next version of a reference of runs that were marked good.

    They have ended, and were taken with the same configuration of the detector, the same beams and in the
    same state; later runs under these conditions are judged by it. A reference never changes.
    """
    with monitor_of(settings()) as monitor:
        made = monitor.make_reference(runs, note)
    show_document(made, f"{made.name}/{made.version}", as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the references, newest first."""
    with monitor_of(settings()) as monitor:
        found = list(monitor.list(Reference, ordering="-created_at"))
    if as_json:
        show_json([one.model_dump(mode="json", exclude={"content"}) for one in found])
        return
    rows = [
        (f"{one.name}/{one.version}", ", ".join(map(str, one.runs)), one.frames, one.made_by, one.note)
        for one in found
    ]
    show_table("References", ("reference", "runs", "frames", "made by", "note"), rows)
