"""The logs of supervised programs: their last lines, and those that come."""

import os
import re
import time
from collections import deque
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


def last_lines(path: Path, count: int) -> list[str]:
    """Up to `count` lines from a log's end."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        return [line.rstrip("\n") for line in deque(stream, maxlen=count)]


def follow(files: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Each line that is written from now on, with its program; goes on over rotation, and without end."""
    tails = {name: _Tail(path) for name, path in files.items()}
    while True:
        lines = [(name, line) for name, tail in tails.items() for line in tail.new_lines()]
        yield from lines
        if not lines:
            time.sleep(_POLL_S)


class _Tail:
    """What is added to a file; a line is told when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._rest = path, ""
        self._stream = self._open()
        self._stream.seek(0, os.SEEK_END)

    def _open(self) -> TextIO:
        return self._path.open(encoding="utf-8", errors="replace")

    def new_lines(self) -> list[str]:
        """Whole lines since the last call."""
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
