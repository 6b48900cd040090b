"""How full the exit buffer is: counted on disk, folder by folder, and only those that have changed."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from swf_testbed.model.names import STF_SUFFIX

RESERVE = 0.05
"""The part of a disk that is left free, where nobody has said how much the buffer may hold."""

DELETED = "deleted.txt"
"""In the folder of a run: the names of its files that were deleted because they are archived."""


class Usage(NamedTuple):
    """Complete files, and the bytes of everything."""

    files: int
    used_bytes: int


class BufferRoom:
    """Looks at the exit buffer.

    Args:
        root: has a folder for each run.
        capacity_bytes: what the buffer may hold; None is what its disk can, but for `RESERVE`.
    """

    def __init__(self, root: Path, capacity_bytes: int | None) -> None:
        self._root, self._capacity_bytes = root, capacity_bytes
        self._folders: dict[str, tuple[int, Usage]] = {}

    def usage(self) -> Usage:
        """Of all runs, as it is now."""
        try:
            entries = [entry for entry in os.scandir(self._root) if entry.is_dir()]
        except FileNotFoundError:
            return Usage(0, 0)
        self._folders = {entry.path: self._of_folder(entry) for entry in entries}
        found = [usage for _, usage in self._folders.values()]
        return Usage(sum(one.files for one in found), sum(one.used_bytes for one in found))

    def _of_folder(self, entry: "os.DirEntry[str]") -> tuple[int, Usage]:
        try:
            changed = entry.stat().st_mtime_ns
            known = self._folders.get(entry.path)
            # A folder that changed a moment ago may change again without another time.
            if known is not None and known[0] == changed and time.time_ns() - changed > 2_000_000_000:
                return known
            return changed, _counted(entry.path)
        except FileNotFoundError:
            return 0, Usage(0, 0)

    def capacity(self, used_bytes: int) -> int:
        """What the buffer may hold, given what it holds; bytes."""
        if self._capacity_bytes is not None:
            return self._capacity_bytes
        disk = shutil.disk_usage(self._root)
        return used_bytes + max(0, int(disk.free - RESERVE * disk.total))


def _counted(folder: str) -> Usage:
    files = size = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                size += entry.stat().st_size
            except FileNotFoundError:
                continue
            files += entry.name.endswith(STF_SUFFIX)
    return Usage(files, size)


def files_of_run(folder: Path) -> set[str]:
    """The names of all complete files that a run has, those among them that were deleted as archived."""
    try:
        deleted = (folder / DELETED).read_text("utf-8").split()
    except FileNotFoundError:
        deleted = []
    return {path.name for path in folder.glob(f"*{STF_SUFFIX}")} | set(deleted)


def note_deleted(folder: Path, names: Iterable[str]) -> None:
    """Let files count though they will not be there any more; to be said before they are deleted."""
    with (folder / DELETED).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}\n" for name in names)
        file.flush()
        os.fsync(file.fileno())
