"""The command `new-workflow`."""

from pathlib import Path
from typing import Annotated

import typer

from swf_testbed.cli.console import show
from swf_testbed.config.environment import settings
from swf_testbed.workflows.new import new_workflow


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("new-workflow")(new)


def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _, like my_workflow.")],
    folder: Annotated[
        Path | None,
        typer.Option(help="Where to write it; without this, `workflows/` of the home folder."),
    ] = None,
) -> None:
    """Write a workflow of your own to begin with: NAME.py says what happens, NAME.toml with which values.

    Both work as they are. In `workflows/` of the home folder, or in a folder of SWF_WORKFLOW_PATH, it is
    found by its name; anywhere else by its path.
    """
    environment = settings()
    home = environment.swf_home / "workflows"
    chosen = (folder or home).expanduser().absolute()
    paths = new_workflow(name, chosen)
    by_name = chosen in {home, *environment.workflow_path}
    show("\n".join(f"wrote {path}" for path in paths))
    said = name if by_name else paths[-1]
    show(f"see what it would do: testbed rehearse {said}")
    show(f"run it: testbed run {said}")
