"""Storage with a catalogue of its own in memory, and something else that moves the bytes."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from swf_testbed.adapters.storage.protocol import (
    Copy,
    DatasetSpec,
    DatasetStanding,
    Did,
    Registration,
    SiteStanding,
    StoredFile,
)
from swf_testbed.model.errors import Conflict, NotFound
from swf_testbed.model.status import CopyState


@dataclass
class Known:
    """A dataset of the catalogue: its files by name, and how far each is at each site."""

    spec: DatasetSpec
    is_open: bool = True
    files: dict[str, StoredFile] = field(default_factory=dict)
    copies: dict[tuple[str, str], Copy] = field(default_factory=dict)

    def standing(self) -> DatasetStanding:
        """Counted anew."""
        return DatasetStanding(
            self.spec.did,
            self.is_open,
            len(self.files),
            sum(file.size_bytes for file in self.files.values()),
            tuple(map(self._at, self.spec.sites)),
        )

    def _at(self, site: str) -> SiteStanding:
        here = [copy for (_, where), copy in self.copies.items() if where == site]
        there = sum(copy.state in {CopyState.ARRIVED, CopyState.VERIFIED} for copy in here)
        failed = [copy for copy in here if copy.state is CopyState.FAILED]
        waiting = len(self.files) - there - len(failed)
        return SiteStanding(site, there, waiting, len(failed), failed[-1].problem if failed else "")


class Mover(Protocol):
    """Moves bytes. Errors as of `Storage`."""

    def bring(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Make the copy of a file at a site, if it is not there."""

    def check(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Compare a copy with its announcement; one that differs is put aside."""

    def drop(self, file: StoredFile) -> str:
        """Delete the exit buffer's copy; the problem, empty if there was none."""


class CataloguedStorage:
    """Storage whose catalogue lives in this process; who begins again opens and registers again.

    Args:
        buffer: the name of the exit buffer as a site.
        mover: moves the bytes.
    """

    def __init__(self, buffer: str, mover: Mover) -> None:
        self._buffer, self._mover = buffer, mover
        self._lock = threading.RLock()
        self._datasets: dict[Did, Known] = {}

    def open(self, dataset: DatasetSpec) -> None:
        """As of `Storage`."""
        with self._lock:
            known = self._datasets.get(dataset.did)
            if known is None:
                self._datasets[dataset.did] = Known(dataset)
            else:
                known.spec = dataset

    def register(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Registration]:
        """As of `Storage`."""
        with self._lock:
            known = self._known(did)
            new = [file for file in files if file.name not in known.files]
            if new and not known.is_open:
                raise Conflict(f"{did} is closed: {new[0].name} cannot be attached")
            done = [Registration(file.name, _difference(known.files.get(file.name), file)) for file in files]
            known.files.update((file.name, file) for file in new)
        return done

    def deliver(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`."""
        known = self._known(did)
        return [self._note(known, self._mover.bring(did, site, _registered(known, file))) for file in files]

    def verify(self, did: Did, site: str, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`."""
        known = self._known(did)
        return [self._note(known, self._mover.check(did, site, _registered(known, file))) for file in files]

    def remove(self, did: Did, files: Sequence[StoredFile]) -> Sequence[Copy]:
        """As of `Storage`."""
        known = self._known(did)
        return [self._removed(_registered(known, file)) for file in files]

    def close(self, did: Did) -> DatasetStanding:
        """As of `Storage`."""
        with self._lock:
            known = self._known(did)
            known.is_open = False
            return known.standing()

    def standing(self, did: Did) -> DatasetStanding:
        """As of `Storage`."""
        with self._lock:
            return self._known(did).standing()

    def forget(self, did: Did) -> None:
        """As of `Storage`."""
        with self._lock:
            self._datasets.pop(did, None)

    def _removed(self, file: StoredFile) -> Copy:
        problem = self._mover.drop(file)
        state = CopyState.FAILED if problem else CopyState.REMOVED
        return Copy(file.name, self._buffer, state, problem=problem)

    def _note(self, known: Known, copy: Copy) -> Copy:
        with self._lock:
            known.copies[copy.name, copy.site] = copy
        return copy

    def _known(self, did: Did) -> Known:
        with self._lock:
            known = self._datasets.get(did)
        if known is None:
            raise NotFound(f"there is no dataset {did}")
        return known


def _registered(known: Known, file: StoredFile) -> StoredFile:
    """The file as it was registered, read from where it is now said to lie."""
    registered = known.files.get(file.name)
    if registered is None:
        raise NotFound(f"{file.name} is not registered in {known.spec.did}")
    return replace(registered, url=file.url)


def _difference(known: StoredFile | None, said: StoredFile) -> str:
    """Why a file is not the one that is registered under its name; empty if it is, or is new."""
    if known is None:
        return ""
    for what, before, now in (
        ("size", known.size_bytes, said.size_bytes),
        ("checksum", known.checksum, said.checksum),
    ):
        if before != now:
            return f"{said.name} is registered with {what} {before}, not {now}; the registered one stays"
    return ""
