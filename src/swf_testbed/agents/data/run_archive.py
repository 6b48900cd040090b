"""What is known of one run on its way into the archive; no threads, no services."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from swf_testbed.adapters.storage import Copy, DatasetSpec, StoredFile
from swf_testbed.agents.data.stream_checksum import Stream, StreamChecksum, first_difference
from swf_testbed.model.names import ANNOUNCED_STREAM
from swf_testbed.model.status import CopyState, DatasetStatus

FIRST_DELAY_S, LAST_DELAY_S = 1.0, 60.0


def delay_after(attempts: int) -> float:
    """How long to wait after so many tries that failed, s."""
    return min(FIRST_DELAY_S * 2.0 ** min(attempts - 1, 10), LAST_DELAY_S)


@dataclass
class SiteCopy:
    """The copy of a file at a site, and when it is looked at next (monotonic, s)."""

    state: CopyState = CopyState.WAITING
    attempts: int = 0
    not_before: float = 0.0
    problem: str = ""
    url: str = ""


@dataclass
class FileTask:
    """A file: its place in the stream of the run, whether the catalogue has it, and its copies by site.

    `not_before` and `since` (when it came) are monotonic, s.
    """

    file: StoredFile
    position: int
    copies: dict[str, SiteCopy]
    registered: bool = False
    problem: str = ""
    not_before: float = 0.0
    since: float = 0.0

    @property
    def archived(self) -> bool:
        """Whether it is verified at every site."""
        return bool(self.copies) and all(copy.state is CopyState.VERIFIED for copy in self.copies.values())


@dataclass
class RunArchive:
    """The files of one run."""

    spec: DatasetSpec
    status: DatasetStatus = DatasetStatus.OPEN
    expected: int | None = None
    opened: bool = False
    files: dict[str, FileTask] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._streams = {name: StreamChecksum() for name in (ANNOUNCED_STREAM, *self.spec.sites)}
        self._first_waiting = dict.fromkeys(self.spec.sites, 0)
        self._order: list[FileTask] = []

    def add(self, file: StoredFile, now: float) -> FileTask:
        """A file of the run is verified in the exit buffer; one that is known stays as it is."""
        known = self.files.get(file.name)
        if known is not None:
            return known
        copies = {site: SiteCopy() for site in self.spec.sites}
        task = FileTask(file, len(self._order), copies, since=now)
        self.files[file.name] = task
        self._order.append(task)
        self._streams[ANNOUNCED_STREAM].add(task.position, file.size_bytes, file.checksum)
        return task

    def unregistered(self, now: float, most: int) -> list[FileTask]:
        """The first files that the catalogue does not have, and whose time has come."""
        found = (task for task in self._order if not task.registered and task.not_before <= now)
        return _first(found, most)

    def waiting(self, site: str, now: float, most: int) -> list[FileTask]:
        """The first registered files that are not verified at a site, and whose time has come."""
        start = self._first_waiting[site]
        while start < len(self._order) and self._order[start].copies[site].state is CopyState.VERIFIED:
            start += 1
        self._first_waiting[site] = start
        found = (task for task in self._order[start:] if task.registered and _due(task.copies[site], now))
        return _first(found, most)

    def settle(self, copy: Copy, now: float, poll_s: float) -> None:
        """Take over how a copy stands; what failed is tried again after growing delays."""
        task = self.files[copy.name]
        here = task.copies[copy.site]
        here.state, here.problem, here.url = copy.state, copy.problem, copy.url or here.url
        match copy.state:
            case CopyState.VERIFIED:
                self._streams[copy.site].add(
                    task.position, task.file.size_bytes, copy.checksum or task.file.checksum
                )
            case CopyState.FAILED:
                here.attempts += 1
                here.not_before = now + delay_after(here.attempts)
            case CopyState.WAITING:
                here.not_before = now + poll_s

    def look_again(self, site: str) -> None:
        """A copy that was verified at a site is so no more."""
        self._first_waiting[site] = 0

    def streams(self) -> dict[str, Stream]:
        """How far the stream of the announcements is, and that of each site."""
        return {name: stream.now for name, stream in self._streams.items()}

    def differences(self) -> Iterator[tuple[str, str]]:
        """The sites whose stream is not what was announced, and the first file that differs."""
        for site in self.spec.sites:
            place = first_difference(self._streams[site], self._streams[ANNOUNCED_STREAM])
            if place is not None:
                yield site, self._order[place].file.name

    @property
    def registered(self) -> int:
        """How many files the catalogue has."""
        return sum(task.registered for task in self._order)

    def at(self, site: str) -> int:
        """How many files are verified at a site."""
        return sum(task.copies[site].state is CopyState.VERIFIED for task in self._order)

    @property
    def complete(self) -> bool:
        """Whether the catalogue has every file that the DAQ has counted."""
        return self.expected is not None and self.registered >= self.expected

    @property
    def archived(self) -> bool:
        """Whether every file is verified at every site."""
        return all(task.archived for task in self._order) if self.spec.sites else True

    @property
    def size_bytes(self) -> int:
        """Of all files."""
        return sum(task.file.size_bytes for task in self._order)

    def shortfall(self) -> str:
        """Why the dataset of an ended run is not closed; empty if nothing is missing."""
        if self.expected is None or self.complete:
            return ""
        refused = [task.problem for task in self._order if task.problem]
        why = f": {refused[0]}" if refused else ""
        return f"{self.registered} of {self.expected} files are registered{why}"


def _due(copy: SiteCopy, now: float) -> bool:
    return copy.state is not CopyState.VERIFIED and copy.not_before <= now


def _first(tasks: Iterable[FileTask], most: int) -> list[FileTask]:
    found = []
    for task in tasks:
        found.append(task)
        if len(found) == most:
            break
    return found
