"""The keeper of the exit buffer: says how full it is, and deletes only what is safe at every site."""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from swf_testbed.adapters.storage import CopyState, Storage, StoredFile
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.notes import Notes
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.config.data import Data
from swf_testbed.daq.buffer_room import BufferRoom, Usage, note_deleted
from swf_testbed.messages import ExitBufferStatus
from swf_testbed.model.clock import now
from swf_testbed.model.names import STF_SUFFIX
from swf_testbed.model.status import BufferLevel
from swf_testbed.records import StfCopy
from swf_testbed.stf.holds import held

CHECK_S = 2.0
"""How often the exit buffer is looked at: at full rate three STFs come meanwhile."""

SAY_S = 30.0
"""Between two words on how full it is, while its level is the same."""

TOGETHER, TOGETHER_BYTES = 100, 1_000_000_000
"""Files that are deleted together; fewer when they are large.

What is asked of the monitor is asked once for them, and must still be true when their copies have been read.
"""

MARGIN = 0.1
"""Deleting ends this part of the capacity below the high-water mark: it is not to begin again at once."""

_HOUR_S = 3600.0
_RATE_WINDOW_S = 60.0
"""Over which the rate is taken that says when it will be full."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the keeper asks and tells.

    Attributes:
        root: of the exit buffer.
        storage: verifies copies at the sites, and deletes the buffer's.
        archive_of: a run as far as it is archived, known to the storage; None for a run without a dataset.
        in_use: the files of a run that processing has begun with, and not ended.
        waiting_bytes: of files that are not at every site.
        say: tells how full it is.
    """

    root: Path
    storage: Storage
    archive_of: Callable[[int], RunArchive | None]
    in_use: Callable[[int], set[str]]
    waiting_bytes: Callable[[], int]
    say: Callable[..., None]
    notes: Notes
    alarms: Alarms


class BufferedFile(NamedTuple):
    """A complete file of the exit buffer, and when it was written (seconds since 1970)."""

    path: Path
    written: float
    size_bytes: int


class Keeper:
    """Looks after the exit buffer.

    Args:
        rules: capacity, horizon, and what is read once more before deleting.
        around: what it asks and tells.
    """

    def __init__(self, rules: Data, around: Surroundings) -> None:
        self._rules, self._around = rules, around
        around.root.mkdir(parents=True, exist_ok=True)
        self._room = BufferRoom(around.root, rules.buffer_capacity_bytes)
        self._used: deque[tuple[float, int]] = deque()
        self._said: tuple[float, BufferLevel | None, int] = (0.0, None, 0)

    def step(self) -> bool:
        """One look; True if anything was deleted."""
        usage, capacity = self._look()
        deleted = self._make_room(usage, capacity) if self._writable() else 0
        if deleted:
            usage, capacity = self._look()
        self._tell(usage, capacity)
        return deleted > 0

    def _look(self) -> tuple[Usage, int]:
        usage = self._room.usage()
        moment = time.monotonic()
        self._used.append((moment, usage.used_bytes))
        while self._used and moment - self._used[0][0] > _RATE_WINDOW_S:
            self._used.popleft()
        return usage, self._room.capacity(usage.used_bytes)

    # What may be deleted.

    def _make_room(self, usage: Usage, capacity: int) -> int:
        """Delete what is older than the horizon; above the high-water mark also what is younger."""
        goal = int(capacity * max(0.0, self._rules.buffer_high - MARGIN))
        pressed = usage.used_bytes > capacity * self._rules.buffer_high
        excess = usage.used_bytes - goal if pressed else 0
        oldest_kept = time.time() - self._rules.buffer_horizon * _HOUR_S
        deleted = 0
        for run, files in self._oldest_first():
            while some := _portion(files, excess, oldest_kept):
                gone = self._delete_safe(run, some)
                deleted += len(gone)
                excess -= sum(one.size_bytes for one in gone)
            if files:  # young, and there is room
                break
        return deleted

    def _oldest_first(self) -> Iterator[tuple[int, deque[BufferedFile]]]:
        """Runs with their complete files: a buffer may hold hundreds of thousands."""
        runs = [path for path in self._around.root.iterdir() if path.is_dir()]
        for folder in sorted(runs, key=_number_of):
            found = []
            for path in folder.glob(f"*{STF_SUFFIX}"):
                try:
                    known = path.stat()
                except FileNotFoundError:
                    continue
                found.append(BufferedFile(path, known.st_mtime, known.st_size))
            yield _number_of(folder), deque(sorted(found, key=lambda one: one.written))

    def _delete_safe(self, run: int, some: Sequence[BufferedFile]) -> list[BufferedFile]:
        """Delete those files of a run that are safe at every site, and that nobody needs here."""
        archive = self._around.archive_of(run)
        if archive is None:
            return []
        files = {
            one.path.name: replace(task.file, url=one.path.absolute().as_uri())
            for one in some
            if (task := archive.files.get(one.path.name)) and task.archived
        }
        if not files:
            return []
        _leave_out(files, self._around.in_use(run))
        if self._rules.buffer_verify:
            _leave_out(files, self._damaged(archive, list(files.values())))
        folder = some[0].path.parent
        with ExitStack() as alone:
            _leave_out(files, {name for name in files if not alone.enter_context(held(folder / name))})
            removed = self._remove(archive, folder, list(files.values())) if files else set()
        return [one for one in some if one.path.name in removed]

    def _remove(self, archive: RunArchive, folder: Path, files: Sequence[StoredFile]) -> set[str]:
        """Delete files that are safe; the names of those that are gone."""
        note_deleted(folder, [file.name for file in files])
        removed = set()
        for gone in self._around.storage.remove(archive.spec.did, files):
            if gone.state is CopyState.REMOVED:
                removed.add(gone.name)
                note = StfCopy(stf_file=gone.name, site=self._rules.site, state=gone.state, verified_at=now())
                self._around.notes.copy(note)
            else:
                _log.warning("%s", gone.problem)
        return removed

    def _damaged(self, archive: RunArchive, files: Sequence[StoredFile]) -> set[str]:
        """The files one of whose copies is not any more what it was; it is made anew."""
        damaged = set()
        for site in archive.spec.sites:
            for copy in self._around.storage.verify(archive.spec.did, site, files):
                if copy.state is not CopyState.VERIFIED:
                    damaged.add(copy.name)
                    self._around.alarms.raised("copy", f"{copy.name}@{site}", copy.problem, archive.spec.run)
                    archive.files[copy.name].copies[site].state = CopyState.FAILED
                    archive.look_again(site)
        return damaged

    # What is said.

    def _tell(self, usage: Usage, capacity: int) -> None:
        level = self._level(usage, capacity)
        alarms, site = self._around.alarms, self._rules.site
        if level is BufferLevel.LOW:
            alarms.cleared("exit_buffer", site, "below the high-water mark")
        else:
            part = usage.used_bytes / capacity if capacity else 1.0
            text = f"{part:.0%} of {capacity / 1e9:.3g} GB are used by {usage.files} files"
            if f"exit_buffer:{site}" not in alarms.standing:
                alarms.raised("exit_buffer", site, text)
        if level is BufferLevel.FULL:
            alarms.raised("exit_buffer_full", site, "no room for another file: the DAQ pauses")
        elif not self._writable():
            alarms.raised("exit_buffer_full", site, f"{self._around.root} is read-only: the DAQ pauses")
        else:
            alarms.cleared("exit_buffer_full", site, "there is room again")
        said_at, said_level, said_used = self._said
        moment = time.monotonic()
        changed = usage.used_bytes != said_used and moment - said_at >= SAY_S
        if level is not said_level or changed:
            self._said = moment, level, usage.used_bytes
            self._around.say(
                ExitBufferStatus,
                level=level,
                files=usage.files,
                used_bytes=usage.used_bytes,
                capacity_bytes=capacity,
                waiting_bytes=self._around.waiting_bytes(),
                fills_in_s=self._fills_in(usage, capacity),
            )

    def _writable(self) -> bool:
        return os.access(self._around.root, os.W_OK)  # to root too, a read-only disk says no

    def _level(self, usage: Usage, capacity: int) -> BufferLevel:
        mean = usage.used_bytes // max(1, usage.files)
        if usage.used_bytes + mean > capacity:
            return BufferLevel.FULL
        high = usage.used_bytes > capacity * self._rules.buffer_high
        return BufferLevel.HIGH if high else BufferLevel.LOW

    def _fills_in(self, usage: Usage, capacity: int) -> float | None:
        (begun, before), (ended, after) = self._used[0], self._used[-1]
        rate = (after - before) / (ended - begun) if ended > begun else 0.0
        return max(0.0, (capacity - usage.used_bytes) / rate) if rate > 0 else None


def _portion(files: deque[BufferedFile], excess: int, oldest_kept: float) -> list[BufferedFile]:
    """The next files to delete: the oldest that make up the excess, and those older than the horizon."""
    found: list[BufferedFile] = []
    together = 0
    while files and len(found) < TOGETHER and together < TOGETHER_BYTES:
        if excess <= together and files[0].written > oldest_kept:
            break
        found.append(files.popleft())
        together += found[-1].size_bytes
    return found


def _leave_out(files: dict[str, StoredFile], names: set[str]) -> None:
    for name in names:
        files.pop(name, None)


def _number_of(folder: Path) -> int:
    """The run whose folder it is; -1 if it is none's."""
    return int(folder.name) if folder.name.isdigit() else -1
