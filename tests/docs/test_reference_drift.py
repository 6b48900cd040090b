"""The reference pages say what the code says."""

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from documented import ROOT
from swf_testbed.stf import layout

_SOURCE = ROOT / "tools" / "generate_reference.py"
sys.path.insert(0, str(_SOURCE.parent))  # it has a neighbour there


def _generator() -> tuple[str, Path, dict[str, Callable[[], str]]]:
    spec = importlib.util.spec_from_file_location("generate_reference", _SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.COMMAND, module.FOLDER, module.PAGES


COMMAND, FOLDER, GENERATED = _generator()


@pytest.mark.parametrize("name", GENERATED)
def test_page_says_what_the_code_says(name: str) -> None:
    written = (FOLDER / name).read_text("utf-8") if (FOLDER / name).exists() else ""
    remedy = f"docs/reference/{name} differs from the code; run `{COMMAND}` and commit the result"
    assert written == GENERATED[name](), remedy


_STRUCTURES = {
    "File header": layout.FILE_HEADER,
    "Frame": layout.FRAME_HEADER,
    "Bank table": layout.BANK,
    "Index": layout.INDEX_ENTRY,
    "Footer": layout.FOOTER,
}
_TYPES = {"V": "{} bytes", "u1": "u8", "u2": "u16", "u4": "u32", "u8": "u64"}


def _rows(structure: np.dtype[np.void]) -> list[tuple[str, str, str]]:
    """Byte, type and name of every field, as the page writes them."""
    rows = []
    for name, (kind, offset, *_) in (structure.fields or {}).items():
        key = "V" if kind.kind == "V" else f"u{kind.itemsize}"
        rows.append((str(offset), _TYPES[key].format(kind.itemsize), name))
    return rows


@pytest.mark.parametrize("heading", _STRUCTURES)
def test_byte_tables_are_those_of_the_code(heading: str) -> None:
    text = (
        (FOLDER / "file-format.md").read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    )
    told = re.findall(r"^\| (\d+) \| ([^|]+) \| (\w+) \|", text, re.MULTILINE)
    assert told == _rows(_STRUCTURES[heading]), f"mend the table '{heading}' of docs/reference/file-format.md"
