"""Commands about files of a home: `logs`, `init`, `new-agent`."""

from typing import Annotated

import typer

from swf_testbed.cli.console import show
from swf_testbed.config.environment import settings
from swf_testbed.control.logs import Tail, follow, log_files
from swf_testbed.control.new_agent import write_agent
from swf_testbed.control.starting_point import write_starting_point


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(logs)
    app.command()(init)
    app.command("new-agent")(new_agent)


def logs(
    program: Annotated[str | None, typer.Argument(help="A program, as `testbed status` lists it.")] = None,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, max=100_000, help="How many to begin with.")
    ] = 20,
) -> None:
    """Show the ends of logs: of one program, or of all.

    The files are in $SWF_HOME/logs; each is rotated at 10 MB. With several programs each line begins with the
    program's name. Ctrl-C ends --follow.
    """
    tails = {name: Tail(path) for name, path in log_files(settings(), program).items()}
    label = "{name}: {line}" if len(tails) > 1 else "{line}"
    for name, tail in tails.items():
        for line in tail.last_lines(lines):
            show(label.format(name=name, line=line))
    if follow_:
        for name, line in follow(tails):
            show(label.format(name=name, line=line))


def init() -> None:
    """Write a starting point: logs/, supervisord.conf, agents.supervisord.conf, .env and testbed.toml.

    Never overwrites: a file that is there stays as it is.
    """
    for path, written in write_starting_point(settings()).items():
        show(f"{'written' if written else 'kept   '} {path}")


def new_agent(
    name: Annotated[str, typer.Argument(help="What it is called: small letters, digits and _.")],
) -> None:
    """Write an agent of your own to begin with: NAME.py in $SWF_HOME, ten lines that run.

    Prints what to add to testbed.toml. Never overwrites.
    """
    written = write_agent(settings(), name)
    show(f"written {written.path}\nadd to {written.testbed_file}:\n\n{written.entry}")
