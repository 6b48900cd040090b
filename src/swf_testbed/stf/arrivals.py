"""STF files as they appear in folders: each is told of once, when it is complete and nobody writes to it."""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from watchfiles import Change, watch

from swf_testbed.model.errors import SwfError
from swf_testbed.model.names import STF_SUFFIX
from swf_testbed.stf.header import read_header
from swf_testbed.stf.index import footer_of
from swf_testbed.stf.layout import HEADER_BYTES
from swf_testbed.stf.ranges import RangeFile

_TICK_MS = 500
_WALK_S = 10.0
"""The kernel does not tell of what other machines write to a shared file system: look from time to time."""

_log = logging.getLogger(__name__)


class Arrival(NamedTuple):
    """A file, complete if `problem` is None."""

    path: Path
    problem: str | None


class _Stamp(NamedTuple):
    """What changes when somebody writes to a file, or puts another in its place."""

    size: int
    modified_ns: int
    inode: int


@dataclass
class _Seen:
    stamp: _Stamp
    since: float


def problem_of(path: Path) -> str | None:
    """Why a file is not a complete STF file, from its header and footer alone; None if it is one."""
    try:
        with closing(RangeFile(path)) as file:
            header, _ = read_header(file)
            tail = file.read([(max(0, file.size - HEADER_BYTES), min(HEADER_BYTES, file.size))])[0]
            complete = footer_of(tail, file.size, header.n_slot) is not None
    except (SwfError, OSError) as error:
        return str(error)
    return None if complete else f"{path}: the file ends without an index"


class Arrivals:
    """Looks at the files of some folders, and of all folders below.

    A file being written has another ending (`NAME.part`), no footer, or a size or time that changes.

    Args:
        folders: where to look; one that is not there is empty.
        settle_s: how long a complete file must stay as it is.
        damaged_s: how long an incomplete one may stay as it is until it is told of as damaged.
    """

    def __init__(self, folders: Sequence[Path], settle_s: float, damaged_s: float) -> None:
        self._folders, self._settle_s, self._damaged_s = folders, settle_s, damaged_s
        self._waiting: dict[Path, _Seen] = {}
        self._told: dict[Path, _Stamp] = {}

    def follow(self, stopping: threading.Event) -> Iterator[Arrival]:
        """Each file when it is time, until `stopping`; what was there before comes first.

        A file that was told of comes again only if it has changed since.
        """
        walked = -_WALK_S
        for changed in _told_by_the_kernel(self._folders, stopping):
            if time.monotonic() - walked < _WALK_S:
                yield from self.look(changed, time.monotonic())
                continue
            there, walked = set(self._walk()), time.monotonic()
            self._told = {path: stamp for path, stamp in self._told.items() if path in there}
            yield from self.look(there, walked)

    def look(self, paths: Iterable[Path], clock_s: float) -> Iterator[Arrival]:
        """Take note of files, and tell of those whose time has come; `clock_s` never goes back."""
        for path in {*paths, *self._waiting}:
            stamp = _stamp(path)
            seen = self._waiting.get(path)
            if stamp is None or stamp == self._told.get(path):
                self._waiting.pop(path, None)
            elif seen is None or seen.stamp != stamp:
                self._waiting[path] = _Seen(stamp, clock_s)
        for path, seen in sorted(self._waiting.items()):
            arrival = self._judged(path, clock_s - seen.since)
            if arrival is not None:
                del self._waiting[path]
                self._told[path] = seen.stamp
                yield arrival

    def _judged(self, path: Path, unchanged_s: float) -> Arrival | None:
        if unchanged_s < min(self._settle_s, self._damaged_s):
            return None
        problem = problem_of(path)
        if unchanged_s < (self._settle_s if problem is None else self._damaged_s):
            return None
        return Arrival(path, problem)

    def _walk(self) -> Iterator[Path]:
        for folder in self._folders:
            for place, _, names in os.walk(folder):
                yield from (Path(place) / name for name in names if _is_stf(name))


def _is_stf(name: str) -> bool:
    return name.endswith(STF_SUFFIX) and not name.startswith(".")


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _Stamp(found.st_size, found.st_mtime_ns, found.st_ino) if path.is_file() else None


def _told_by_the_kernel(folders: Sequence[Path], stopping: threading.Event) -> Iterator[Iterable[Path]]:
    """The STF files that changed, at least twice a second; by inotify, or by polling where there is none."""

    def wanted(change: Change, path: str) -> bool:
        return change is not Change.deleted and _is_stf(Path(path).name)

    polling = None
    while not stopping.is_set():
        try:
            for changes in watch(
                *folders,
                watch_filter=wanted,
                stop_event=stopping,
                rust_timeout=_TICK_MS,
                debounce=_TICK_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                force_polling=polling,
            ):
                yield [Path(path) for _, path in changes]
            return
        except (OSError, RuntimeError) as error:  # no more inotify watches, or a folder was taken away
            if polling is None:
                _log.warning("watching %s by looking: %s", ", ".join(map(str, folders)), error)
            polling = True
            yield []
            stopping.wait(_TICK_MS / 1000)
