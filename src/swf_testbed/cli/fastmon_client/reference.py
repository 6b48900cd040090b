"""The reference page of the client, from the commands themselves."""

import inspect
from collections.abc import Iterator

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from swf_testbed.cli.fastmon_client.app import PROGRAM, app


def page() -> str:
    """Every command with its options."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)  # noqa: S101  # it has several commands
    parts = [f"# The fast monitoring client\n\n`{PROGRAM}` and a command.\n\n{_text(program)}"]
    for name, command in program.commands.items():
        assert isinstance(command, TyperCommand)  # noqa: S101  # none has others below it
        parts.append(f"## `{name}`\n\n{_text(command)}\n\n{''.join(_table(command))}")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _text(command: TyperCommand | TyperGroup) -> str:
    """What its help says; an example in it stays on a line of its own."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(
        f"```sh\n{' '.join(one.split())}\n```" if one.strip().startswith("python -m") else one.strip()
        for one in paragraphs
    )


def _table(command: TyperCommand) -> Iterator[str]:
    options = [one for one in command.params if isinstance(one, TyperOption) and one.name != "help"]
    if not options:
        return
    yield "| Option | Tells |\n| --- | --- |\n"
    for option in options:
        value = "" if option.is_flag else f" {option.metavar}"
        yield f"| `{option.opts[0]}{value}` | {(option.help or '').strip()} |\n"
