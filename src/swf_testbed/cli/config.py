"""Commands about configurations: what can be run, and with which values."""

from typing import Annotated

import typer

from swf_testbed.cli.console import show_json, show_table
from swf_testbed.config.catalogue import catalogue
from swf_testbed.config.compose import Composition
from swf_testbed.config.environment import settings
from swf_testbed.config.overrides import parse_override
from swf_testbed.config.reading import shown
from swf_testbed.workflows.preparation import prepare

app = typer.Typer(
    name="config",
    help="What can be run, and with which values: look before you run.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the workflows that `testbed run` takes by name.

    They are looked for in the folders of SWF_WORKFLOW_PATH, in `workflows/` of the home folder, and among
    those that come with the testbed; of one name the first counts.
    """
    environment = settings()
    entries = catalogue(environment.swf_home, environment.workflow_path)
    if as_json:
        show_json(
            [
                {
                    "name": one.name,
                    "workflow": one.workflow,
                    "version": one.version,
                    "description": one.description,
                    "file": str(one.path),
                }
                for one in entries
            ]
        )
        return
    show_table(
        "Workflows",
        ("name", "workflow", "version", "file", "description"),
        [(one.name, one.workflow, one.version, shown(one.path), one.description) for one in entries],
    )


@app.command("show")
def show_(
    name: Annotated[
        str, typer.Argument(help="A workflow: a name that `testbed config list` has, or a path.")
    ],
    origin: Annotated[
        bool, typer.Option("--origin", help="Tell for each value where it came from: file and section.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a value; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every value that a run of a workflow would have, or what is wrong with its files.

    Values count in this order, each over the one before: the default, the files that the workflow's file
    includes, that file, testbed.toml, --set.

    Examples:

      testbed config show fast_processing --origin

      testbed config show fast_processing --set fast_processing.slices_per_sample=30 --json
    """
    environment = settings()
    overrides = dict(parse_override(text) for text in set_ or ())
    made = prepare(name, environment, overrides=overrides, overrides_from="--set").made
    if as_json:
        show_json(_with_origins(made) if origin else made.configuration.document())
        return
    columns = ("name", "value", "unit", "origin") if origin else ("name", "value", "unit")
    show_table(
        str(made.path),
        columns,
        [(one.name, _text(one.value), one.unit, one.origin)[: len(columns)] for one in made.values()],
    )


def _with_origins(made: Composition) -> dict[str, dict[str, object]]:
    return {
        one.name: {"value": one.value, "unit": one.unit or None, "origin": one.origin}
        for one in made.values()
    }


def _text(value: object) -> str:
    """As a person writes it in TOML."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
