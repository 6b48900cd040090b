"""The logs of supervised programs: their last lines, and those that come."""

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import BadInput, NotFound

_POLL_S = 0.2


def log_files(settings: Settings, program: str | None = None) -> dict[str, Path]:
    """The log of each program; of one, and all processes of it, if it is named."""
    found = {path.stem: path for path in sorted(settings.log_dir.glob("*.log"))}
    if program is None:
        if not found:
            raise NotFound(f"there are no logs in {settings.log_dir}")
        return found
    # Several processes of a program have numbered logs; supervisorctl calls them worker:worker_00.
    pattern = re.compile(rf"{re.escape(program.rsplit(':', 1)[-1])}(_[0-9]+)?")
    chosen = {name: path for name, path in found.items() if pattern.fullmatch(name)}
    if not chosen:
        raise BadInput("program", program, f"has no log; there are: {', '.join(found) or 'none'}")
    return chosen


def follow(tails: Mapping[str, "Tail"]) -> Iterator[tuple[str, str]]:
    """Each line that is written from now on, with its program; without end."""
    while True:
        lines = [(name, line) for name, tail in tails.items() for line in tail.new_lines()]
        yield from lines
        if not lines:
            time.sleep(_POLL_S)


class Tail:
    """The end of a log: what is there, and what is added, over rotation; a line is told when it is whole.

    Args:
        path: of the log.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._rest = path, ""
        self._stream = self._open()

    def _open(self) -> TextIO:
        return self._path.open(encoding="utf-8", errors="replace")

    def last_lines(self, count: int) -> list[str]:
        """Up to `count` of the lines that are there; those that come later are new."""
        lines = self.new_lines()
        return lines[max(0, len(lines) - count) :]

    def new_lines(self) -> list[str]:
        """Lines since the last call."""
        *lines, self._rest = (self._rest + self._stream.read()).split("\n")
        if self._rotated():
            self._stream.close()
            self._stream = self._open()
        return lines

    def _rotated(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._stream.fileno()).st_ino
        except FileNotFoundError:
            return False
