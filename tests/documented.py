"""What the documents tell people to type, for the tests that type it.

    GUIDE = Guide("how-to/lab-servers.md")
    GUIDE.typed("createuser", folder, environment, {"swfdb": "another"})

A block is known by its first words. What a reader would replace, as hosts and passwords, is replaced by a
table. What stands in the table and not in the block is a failure, and so is a block that does not work: both
name the page.
"""

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from swf_testbed.config.instance import instance_parameters
from swf_testbed.config.parameters import Parameters

ROOT = Path(__file__).resolve().parents[1]
_TIMEOUT_S = 240
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
"""Also within a list, where a block is indented."""


class Block(NamedTuple):
    """A fenced block: what it is written as, its text, and the line of the page on which it begins."""

    kind: str
    text: str
    line: int


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The fenced blocks of these kinds, in order; of all kinds if none is named."""
    text = page.read_text("utf-8")
    found = (
        Block(match["kind"], textwrap.dedent(match["text"]), text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    )
    return [block for block in found if not kinds or block.kind in kinds]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


class Guide:
    """A page below `docs/` whose steps a test takes."""

    def __init__(self, name: str) -> None:
        self.path = ROOT / "docs" / name

    def block(self, begins: str, here: Mapping[str, str] | None = None) -> str:
        """The one block that begins so, with what is shown replaced by what is here."""
        return self._replaced(self._found(begins), here or {})

    def words(self, begins: str, here: Mapping[str, str] | None = None) -> list[list[str]]:
        """The commands of a block, word by word."""
        text = self.block(begins, here).replace("\\\n", " ")
        return [words for line in text.splitlines() if (words := shlex.split(line, comments=True))]

    def variables(self, begins: str, here: Mapping[str, str]) -> dict[str, str]:
        """What a block sets, with `NAME=VALUE` or `export NAME=VALUE`; some have another value here."""
        found = dict(
            word.split("=", 1) for line in self.words(begins) for word in line if re.match(r"[A-Z]\w*=", word)
        )
        missing = set(here) - set(found)
        assert not missing, f"{self._place(begins)} does not set {sorted(missing)}"
        return {**found, **here}

    def parameters(self, begins: str, folder: Path, here: Mapping[str, str] | None = None) -> Parameters:
        """What a block of `testbed.toml` sets, and the defaults of all else; the file is in that folder."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "testbed.toml"
        file.write_text(f'[testbed]\nnamespace = "local"\n{self.block(begins, here)}', "utf-8")
        return instance_parameters(folder, file)

    def typed(
        self,
        begins: str,
        folder: Path,
        environment: Mapping[str, str],
        here: Mapping[str, str] | None = None,
        answers: str = "",
    ) -> str:
        """What a block of commands prints, typed in a folder; it ends at the first that fails."""
        return self.shell(self.block(begins, here), folder, environment, answers)

    def shell(self, commands: str, folder: Path, environment: Mapping[str, str], answers: str = "") -> str:
        """The same of commands that stand on the page."""
        done = subprocess.run(
            ["/bin/sh", "-e", "-x", "-c", commands],
            check=False,
            cwd=folder,
            env={**environment, "PATH": with_programs(environment)},
            input=answers,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            # Without a terminal: what asks for a password reads the answers.
            start_new_session=True,
        )
        assert done.returncode == 0, f"{self.path}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _found(self, begins: str) -> Block:
        found = [block for block in blocks(self.path) if block.text.startswith(begins)]
        assert len(found) == 1, f"{self.path} has {len(found)} blocks that begin with {begins!r}, not one"
        return found[0]

    def _replaced(self, block: Block, here: Mapping[str, str]) -> str:
        missing = [shown for shown in here if shown not in block.text]
        assert not missing, f"{self.path}:{block.line} does not have {missing}"
        if not here:
            return block.text
        any_of_them = "|".join(re.escape(shown) for shown in sorted(here, key=len, reverse=True))
        return re.sub(any_of_them, lambda match: here[match[0]], block.text)

    def _place(self, begins: str) -> str:
        return f"{self.path}:{self._found(begins).line}"


def with_programs(environment: Mapping[str, str]) -> str:
    """A PATH that has the testbed's programs first."""
    return f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
