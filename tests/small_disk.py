"""A real file system of a few megabytes, in memory, for tests of what a full disk does."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest


class Disk:
    """A file system in memory, until the context is left; the test is skipped where none can be mounted.

    Args:
        size: as `mount` has it, `64m`.
    """

    def __init__(self, path: Path, size: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        done = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
        if done.returncode:
            pytest.skip(f"nobody but root, where it may, can mount a disk: {done.stderr}")

    def remount(self, how: str) -> bool:
        """Let it be `ro`, `rw` or `size=…`; False while somebody writes."""
        return _run("mount", "-o", f"remount,{how}", str(self.path)).returncode == 0

    @contextmanager
    def filled(self) -> Iterator[None]:
        """To the last byte, for a while."""
        ballast = self.path / "ballast"
        with ballast.open("wb") as file:
            while room := _free(self.path):
                # What others write meanwhile is not ours any more.
                _extend(file.fileno(), room)
            try:
                yield
            finally:
                ballast.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        _run("umount", "--lazy", str(self.path))


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def _extend(file: int, room: int) -> None:
    try:
        os.posix_fallocate(file, os.fstat(file).st_size, room)
    except OSError:
        return


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)
