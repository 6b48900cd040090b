"""How things are printed: for people in colour, for pipes plain, for scripts as JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WORDS = {
    "green": ("up", "RUNNING", "READY", "OK", "completed", "running", "good", "ok", "verified"),
    "yellow": (
        "STARTING",
        "PROCESSING",
        "BACKOFF",
        "WARNING",
        "pending",
        "medium",
        "warning",
        "waiting",
        "arrived",
    ),
    "dim": ("down", "STOPPED", "EXITED", "null", "removed"),
    "red": ("not ours", "FATAL", "ERROR", "failed", "terminated", "left open", "bad", "error", "refused"),
}
_COLOURS = {word: colour for colour, words in _WORDS.items() for word in words}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def on_terminal() -> bool:
    """Whether a person sees stdout."""
    return sys.stdout.isatty()


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: framed and coloured on a terminal, else one line a row with tabs between."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not on_terminal():
        head = [list(columns)] if any(columns) else []
        print("\n".join("\t".join(row) for row in [*head, *cells]), flush=True)
        return
    table = Table(*columns, title=title, title_justify="left", show_header=any(columns))
    for row in cells:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, ""), overflow="fold") for cell in row))
    Console().print(table)


def show_json(document: Any) -> None:
    """One JSON document."""
    print(json.dumps(to_jsonable_python(document), indent=2))


def show_document(document: Any, text: str, as_json: bool) -> None:
    """What a command came to: for scripts the whole document, for people its gist."""
    if as_json:
        show_json(document)
    else:
        show(text)


def show(text: str) -> None:
    """What was asked for."""
    print(text, flush=True)


def tell(text: str) -> None:
    """What is going on, on stderr, so that stdout holds only what was asked for."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)
