"""The documents of the repository, and what stands in them."""

import re
from collections.abc import Iterator
from pathlib import Path

from documented import ROOT, prose

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name_of(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def inline_code(page: Path) -> Iterator[str]:
    """What stands between single backquotes, line breaks read as blanks."""
    for said in re.findall(r"`([^`]+)`", prose(page)):
        yield " ".join(said.split())
