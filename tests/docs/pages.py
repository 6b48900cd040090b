"""The documents of the repository, and what stands in them."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
"""Also within a list, where a block is indented."""


class Block(NamedTuple):
    """A fenced block: what it is written as, its text, and the line of the page on which it begins."""

    kind: str
    text: str
    line: int


def name_of(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The fenced blocks of these kinds, in order."""
    text = page.read_text("utf-8")
    found = (
        Block(match["kind"], textwrap.dedent(match["text"]), text.count("\n", 0, match.start()) + 1)
        for match in _FENCE.finditer(text)
    )
    return [block for block in found if block.kind in kinds]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def inline_code(page: Path) -> Iterator[str]:
    """What stands between single backquotes, line breaks read as blanks."""
    for said in re.findall(r"`([^`]+)`", prose(page)):
        yield " ".join(said.split())
