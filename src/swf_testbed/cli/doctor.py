"""The command `doctor`."""

import typer

from swf_testbed.cli.console import AsJson, on_terminal, show, show_json, show_table
from swf_testbed.config.environment import settings
from swf_testbed.control.doctor.diagnosis import Diagnosis, diagnose, misconfigured
from swf_testbed.model.errors import BadInput


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Say whether this machine is ready for a run, and how to mend what is not.

    Looks at settings, testbed.toml, folders, disk, ports and supervisors; asks every service by a real
    handshake; looks for what is left over of earlier runs. A service that is down is no fault where `testbed
    start` brings it up. Changes nothing. With --json also versions and the environment, secrets masked.

    Exit code 0 if the next run will work, as far as one can see, else 1. A warning does not count.
    """
    try:
        found = diagnose(settings())
    except BadInput as problem:
        found = misconfigured(problem)
    if as_json:
        show_json(found)
    else:
        _show(found)
    raise typer.Exit(0 if found.ready else 1)


def _show(found: Diagnosis) -> None:
    rows = [
        (name, one.level.value, one.text, one.remedy) for name, some in found.findings.items() for one in some
    ]
    show_table("Doctor", ("check", "is", "found", "to do"), rows)
    if on_terminal():
        show("ready" if found.ready else "not ready: see what is to do")
