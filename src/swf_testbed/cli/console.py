"""How things are printed: for people in colour, for pipes plain, for scripts as JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_COLOURS = {
    **dict.fromkeys(("up", "RUNNING", "READY", "OK", "completed", "running", "good"), "green"),
    **dict.fromkeys(("STARTING", "PROCESSING", "BACKOFF", "WARNING", "pending", "medium"), "yellow"),
    **dict.fromkeys(("down", "STOPPED", "EXITED", "null"), "dim"),
    **dict.fromkeys(("not ours", "FATAL", "ERROR", "failed", "terminated", "bad"), "red"),
}


def on_terminal() -> bool:
    """Whether a person sees stdout."""
    return sys.stdout.isatty()


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: framed and coloured on a terminal, else one line a row with tabs between."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not on_terminal():
        head = [list(columns)] if any(columns) else []
        print("\n".join("\t".join(row) for row in [*head, *cells]))
        return
    table = Table(*columns, title=title, title_justify="left", show_header=any(columns))
    for row in cells:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    Console().print(table)


def show_json(document: Any) -> None:
    """One JSON document."""
    print(json.dumps(document, indent=2, default=str))


def show(text: str) -> None:
    """What was asked for."""
    print(text, flush=True)


def tell(text: str) -> None:
    """What is going on, on stderr, so that stdout holds only what was asked for."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)
