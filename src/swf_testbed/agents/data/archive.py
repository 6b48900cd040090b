"""The runs that are not archived yet; what the handlers add, the clerk and the couriers bring on."""

import threading
import time
from collections.abc import Sequence

from swf_testbed.adapters.storage import StoredFile
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.model.status import DatasetStatus

IDLE_S = 0.5
"""How often it is looked for what has come of age."""

KEPT_S = 10.0
"""How long an archived run stays that nobody speaks of."""


class Archive:
    """Runs by number. What is in them is looked at and changed under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._something = threading.Condition(self.lock)
        self._runs: dict[int, RunArchive] = {}
        self._heard: dict[int, float] = {}

    # What the handlers tell.

    def knows(self, run: int) -> bool:
        """Whether a run is on its way; a message speaks of it."""
        with self.lock:
            if run in self._runs:
                self._heard[run] = time.monotonic()
            return run in self._runs

    def take_up(self, archive: RunArchive) -> None:
        """Begin, or go on, with a run."""
        with self._something:
            self._runs.setdefault(archive.spec.run, archive)
            self._heard[archive.spec.run] = time.monotonic()
            self._something.notify_all()

    def add(self, run: int, files: Sequence[StoredFile]) -> None:
        """Files of a run are verified in the exit buffer."""
        with self._something:
            for file in files:
                self._runs[run].add(file, time.monotonic())
            self._something.notify_all()

    def known(self, run: int, filename: str) -> StoredFile | None:
        """A file of a run, as it was taken in."""
        with self.lock:
            task = self._runs[run].files.get(filename) if run in self._runs else None
            return None if task is None else task.file

    def expect(self, run: int, files: int) -> None:
        """A run has ended, with so many files."""
        with self._something:
            archive = self._runs[run]
            archive.expected = files
            if archive.status is DatasetStatus.OPEN:
                archive.status = DatasetStatus.CLOSING
            self._something.notify_all()

    def runs(self) -> list[RunArchive]:
        """Those on their way; to look at."""
        with self.lock:
            return list(self._runs.values())

    def of_run(self, run: int) -> RunArchive | None:
        """A run that is on its way."""
        with self.lock:
            return self._runs.get(run)

    def sites(self) -> set[str]:
        """Those that any run on its way has to come to."""
        with self.lock:
            return {site for archive in self._runs.values() for site in archive.spec.sites}

    def archived(self, filename: str) -> bool | None:
        """Whether a file is at every site; None if its run is not on its way."""
        with self.lock:
            for archive in self._runs.values():
                if (task := archive.files.get(filename)) is not None:
                    return task.archived
        return None

    def drop_idle(self, run: int) -> bool:
        """Let go of a run that is archived; False if it was spoken of just now, as by a late message."""
        with self.lock:
            if time.monotonic() - self._heard[run] < KEPT_S:
                return False
            del self._runs[run], self._heard[run]
            return True

    def wake(self) -> None:
        """Something is new."""
        with self._something:
            self._something.notify_all()

    # What the watcher looks at.

    def catalogue_counts(self) -> tuple[int, int]:
        """How many files are registered, and how many are not."""
        with self.lock:
            done = sum(archive.registered for archive in self._runs.values())
            return done, sum(len(archive.files) for archive in self._runs.values()) - done

    def site_counts(self) -> dict[str, tuple[int, int]]:
        """How many registered files are verified at each site, and how many are not."""
        found: dict[str, tuple[int, int]] = {}
        with self.lock:
            for archive in self._runs.values():
                for site in archive.spec.sites:
                    there, missing = found.get(site, (0, 0))
                    here = archive.at(site)
                    found[site] = there + here, missing + archive.registered - here
        return found

    def ages(self, now_s: float) -> dict[str, float]:
        """The files that are not at every site, with the time since they came, s."""
        with self.lock:
            return {
                name: now_s - task.since
                for archive in self._runs.values()
                if archive.spec.sites
                for name, task in archive.files.items()
                if not task.archived
            }

    def incomplete(self) -> dict[int, str]:
        """The ended runs that lack files, and what is missing."""
        with self.lock:
            found = {archive.spec.run: archive.shortfall() for archive in self._runs.values()}
        return {run: text for run, text in found.items() if text}

    def waiting_bytes(self) -> int:
        """Of files that are not at every site."""
        with self.lock:
            return sum(
                task.file.size_bytes
                for archive in self._runs.values()
                if archive.spec.sites
                for task in archive.files.values()
                if not task.archived
            )

    def wait(self, timeout_s: float = IDLE_S) -> None:
        """Until something is new, or it is time to look."""
        with self._something:
            self._something.wait(timeout_s)
