"""A file that appears under its name only when it is complete."""

import fcntl
import os
import zlib
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from swf_testbed.model.errors import Conflict


class PartFile:
    """Writes `NAME.part`, keeps the adler32, and renames to `NAME` at `commit`; `discard` removes it.

    Only one process writes a part file: a second one gets `Conflict` (where the file system knows locks).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.size = 0
        self.adler32 = 1
        self._file = _open_locked(self.part)

    def write(self, data: bytes) -> None:
        """Append `data`."""
        self._file.write(data)
        self.adler32 = zlib.adler32(data, self.adler32)
        self.size += len(data)

    def commit(self, fsync: bool = False) -> None:
        """Give the file its name; with `fsync` only after it is safe on disk."""
        self._file.flush()
        if fsync:
            os.fsync(self._file.fileno())
        # Renamed while still locked, so that nobody can begin to write into the finished file.
        self.part.replace(self.path)
        self._file.close()
        if fsync:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Remove what was written; nothing happens after `commit`."""
        if not self._file.closed:
            self.part.unlink(missing_ok=True)
            with suppress(OSError):  # A full disk refuses the buffered rest again; the file is gone anyway.
                self._file.close()

    def __enter__(self) -> "PartFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()


def _open_locked(part: Path) -> BinaryIO:
    while True:
        file = part.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise Conflict(f"{part} is being written by another process") from error
        except OSError:
            pass  # Some shared file systems have no locks; then nobody is kept out.
        # The one who held the lock may have given the file its final name in between.
        if part.exists() and part.stat().st_ino == os.fstat(file.fileno()).st_ino:
            file.truncate(0)
            return file
        file.close()
