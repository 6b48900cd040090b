"""What the documents tell people to type works, and prints what they say."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from guides import WITH_CONSOLES
from pages import PAGES, inline_code, name_of
from typer.core import TyperGroup

from documented import Guide, blocks
from swf_testbed.cli import main, stf
from swf_testbed.cli.fastmon_client import app as fastmon_client
from swf_testbed.config.compose import compose
from swf_testbed.daq.anomalies import parse_anomalies
from swf_testbed.fastmon.sampling import sampling_config
from typed_home import TypedHome

_CLIENT = "python -m swf_fastmon_client.main"
_PROGRAMS = {
    "testbed": typer.main.get_command(main.app),
    "stf": typer.main.get_command(stf.app),
    _CLIENT: typer.main.get_command(fastmon_client.app),
}
_TYPED = {f"docs/{name}" for name in WITH_CONSOLES}
_RUN = [page for page in PAGES if blocks(page, "console") and name_of(page) not in _TYPED]


def test_there_are_examples_to_run() -> None:
    assert "docs/how-to/look-at-stf-files.md" in {name_of(page) for page in _RUN}


@pytest.mark.parametrize("page", _RUN, ids=name_of)
def test_console_and_python_blocks_run(page: Path, tmp_path: Path) -> None:
    """In their order, in one empty folder; `...` in the output shown stands for anything."""
    folder = str(tmp_path)
    home = TypedHome.of(
        tmp_path,
        {"PATH": os.environ["PATH"], "HOME": folder, "SWF_HOME": folder, "LANG": "C.UTF-8"},
    )
    with Guide(name_of(page).removeprefix("docs/"), home, kinds=("console", "python")) as guide:
        for _ in blocks(page, "console", "python"):
            guide.types("")


def _said_commands(page: Path) -> Iterator[list[str]]:
    """Calls of our programs on a page, in shell blocks and in backquotes."""
    lines = [
        line.removeprefix("$ ") for block in blocks(page, "sh", "console") for line in block.text.splitlines()
    ]
    for line in [*lines, *inline_code(page)]:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        if words[:3] == _CLIENT.split():
            words = [_CLIENT, *words[3:]]
        if words and words[0].removeprefix("./") in _PROGRAMS:
            yield [words[0].removeprefix("./"), *words[1:]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_options_exist(page: Path) -> None:
    for words in _said_commands(page):
        command = _PROGRAMS[words[0]]
        rest = words[1:]
        while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            found = command.commands.get(rest[0])
            assert found is not None, f"{name_of(page)}: `{' '.join(words)}`: no command {rest[0]}"
            command, rest = found, rest[1:]
        known = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        known |= {"-h", "--help"}
        said = {word.partition("=")[0] for word in rest if word.startswith("-")}
        assert said <= known, f"{name_of(page)}: `{' '.join(words)}`: no option {sorted(said - known)}"


_WITH_TOML = [page for page in PAGES if blocks(page, "toml")]


@pytest.mark.parametrize("page", _WITH_TOML, ids=name_of)
def test_toml_blocks_are_configurations(page: Path, tmp_path: Path) -> None:
    """A block with [workflow] is a workflow's file, any other a piece of testbed.toml.

    A subsystem is of neither: `tests/daq/test_add_subsystem.py` tries it.
    """
    for block in blocks(page, "toml"):
        if block.text.startswith("[[detector]]"):
            continue
        (tmp_path / "testbed.toml").write_text('[testbed]\nnamespace = "here"\n')
        workflow = "fast_processing"
        if "[workflow]" in block.text:
            workflow = str(tmp_path / "example.toml")
            Path(workflow).write_text(block.text)
        else:
            with (tmp_path / "testbed.toml").open("a") as file:
                file.write(block.text)
        parameters = compose(workflow, tmp_path).configuration.parameters
        sampling_config(parameters)
        parse_anomalies(parameters.simulation.anomalies)
