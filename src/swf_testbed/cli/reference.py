"""The reference page of all commands, from what they say of themselves."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from swf_testbed.cli import main, stf

_PROGRAMS = {"testbed": main.app, "stf": stf.app}
_EXAMPLES = re.compile(r"(?:^ +\S.*\n+)+", re.MULTILINE)
"""Lines of a help text that are set in from the others."""

_KINDS = {int: "integer", float: "number", Path: "path"}


def page() -> str:
    """Every command of every program, with its arguments, options and what it does."""
    parts = [
        """\
# Commands

What each command says with `--help`. `testbed` and `swf-testbed` are the same program; in a checkout that is
not installed, `./testbed` is too.
"""
    ]
    for name, app in _PROGRAMS.items():
        parts += _described(name, typer.main.get_command(app), 2)
    return "\n".join(parts)


def _described(path: str, command: Any, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{path}`\n"
    yield _text(command.help or "")
    rows = list(_rows(command))
    if rows:
        head = [["Argument or option", "Value", "Default", "Is"], ["---"] * 4]
        yield "".join(f"| {' | '.join(row)} |\n" for row in [*head, *rows])
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _described(f"{path} {name}", inner, level + 1)


def _text(said: str) -> str:
    text = f"{inspect.cleandoc(said)}\n"
    return _EXAMPLES.sub(lambda found: f"```sh\n{_without_gaps(found[0])}\n```\n\n", text).rstrip() + "\n"


def _without_gaps(lines: str) -> str:
    return "\n".join(line.strip() for line in lines.splitlines() if line.strip())


def _rows(command: Any) -> Iterator[list[str]]:
    for parameter in command.params:
        if isinstance(parameter, TyperArgument):
            yield [f"`{_argument(parameter)}`", *_facts(parameter)]
        elif isinstance(parameter, TyperOption) and "--help" not in parameter.opts:
            names = [*parameter.opts, *parameter.secondary_opts]
            yield [", ".join(f"`{name}`" for name in names), *_facts(parameter)]


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name).upper()


def _facts(parameter: Any) -> list[str]:
    """Value, default, and what it is."""
    default = parameter.default
    shown = "required" if parameter.required else "" if default in (None, False, "") else f"`{default}`"
    return [_kind(parameter), shown, (parameter.help or "").replace("|", "\\|")]


def _kind(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return ""
    kind = _KINDS.get(parameter.type_descriptor.annotation, "text")
    limits = [
        text.format(limit)
        for text, limit in (("≥ {}", parameter.min), ("≤ {}", parameter.max))
        if limit is not None
    ]
    named = [f"`{parameter.metavar}`"] if parameter.metavar and isinstance(parameter, TyperOption) else [kind]
    return ", ".join([*named, *limits])
