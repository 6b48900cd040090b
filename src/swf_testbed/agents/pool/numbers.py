"""Numbers of workers: each is given once, also after a restart."""

from collections.abc import Iterable
from pathlib import Path


class Numbers:
    """Counts in a file, written before a number is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._last = int(path.read_text("ascii"))
        except (OSError, ValueError):
            self._last = 0

    def known(self, numbers: Iterable[int]) -> None:
        """Numbers that were found in use."""
        self._last = max([self._last, *numbers])

    def take(self, count: int) -> list[int]:
        """The next numbers."""
        given = [self._last + 1 + index for index in range(count)]
        self._last += count
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_suffix(".part")
        part.write_text(str(self._last), "ascii")
        part.replace(self._path)
        return given
