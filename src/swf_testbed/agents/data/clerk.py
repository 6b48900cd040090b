"""The clerk: opens datasets, registers files, closes; for all runs, one portion a step.

What was done is noted in the monitor, from where it is recalled; what was not noted is done again, which
changes nothing.
"""

import logging
import time

from swf_testbed.agents.data.ports import Ports
from swf_testbed.agents.data.run_archive import LAST_DELAY_S, FileTask, RunArchive
from swf_testbed.messages import DatasetClosed
from swf_testbed.model.clock import now
from swf_testbed.model.errors import SwfError, Unavailable
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.status import DatasetStatus

NOTED_EVERY_S = 30.0
_log = logging.getLogger(__name__)


class Clerk:
    """Keeps the catalogue."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._noted: dict[int, float] = {}

    def step(self) -> bool:
        """Open, register, close; True if anything was done.

        Raises:
            Unavailable: the catalogue does not answer.
        """
        return sum(self._catalogue_run(archive) for archive in self._ports.archive.runs()) > 0

    def _catalogue_run(self, archive: RunArchive) -> bool:
        storage, spec = self._ports.storage, archive.spec
        if not archive.opened:
            try:
                storage.open(spec)
            except Unavailable:
                raise
            except SwfError as error:
                self._refused(archive, str(error))
                return False
            archive.opened = True
        with self._ports.archive.lock:
            tasks = archive.unregistered(time.monotonic(), self._ports.batch)
        if tasks:
            self._register(archive, tasks)
        with self._ports.archive.lock:
            closes = archive.complete and archive.status is DatasetStatus.CLOSING
        if closes:
            self._close(archive)
        self._settle_run(archive)
        return bool(tasks)

    def _register(self, archive: RunArchive, tasks: list[FileTask]) -> None:
        try:
            done = self._ports.storage.register(archive.spec.did, [task.file for task in tasks])
            problems = [one.problem for one in done]
        except Unavailable:
            raise
        except SwfError as error:
            problems = [str(error)] * len(tasks)
        with self._ports.archive.lock:
            for task, problem in zip(tasks, problems, strict=True):
                task.registered, task.problem = not problem, problem
                if problem:
                    task.not_before = time.monotonic() + LAST_DELAY_S
        self._ports.archive.wake()
        for task in tasks:
            name = task.file.name
            if task.problem:
                self._ports.alarms.raised("registration", name, task.problem, archive.spec.run)
            else:
                self._ports.alarms.cleared("registration", name, "registered", archive.spec.run)

    def _close(self, archive: RunArchive) -> None:
        standing = self._ports.storage.close(archive.spec.did)
        if standing.files < (archive.expected or 0):
            self._refused(
                archive, f"the catalogue has {standing.files} of {archive.expected} files: registered again"
            )
            with self._ports.archive.lock:
                for task in archive.files.values():
                    task.registered = False
            return
        archive.status = DatasetStatus.CLOSED
        self._note(archive, closed_at=now(), problem="")
        self._ports.alarms.cleared("dataset", archive.spec.did.name, "closed", archive.spec.run)
        self._ports.tell(
            archive,
            DatasetClosed,
            dataset=archive.spec.did.name,
            scope=archive.spec.did.scope,
            files=standing.files,
            size_bytes=standing.size_bytes,
        )
        _log.info("%s is closed with %d files", archive.spec.did, standing.files)

    def _refused(self, archive: RunArchive, problem: str) -> None:
        self._ports.alarms.raised("dataset", archive.spec.did.name, problem, archive.spec.run)
        self._note(archive, problem=problem[:SHORT_TEXT_CHARS])

    def _settle_run(self, archive: RunArchive) -> None:
        """Note how far a run is, now and then; and let go of one that is archived."""
        with self._ports.archive.lock:
            done = archive.status is DatasetStatus.CLOSED and archive.archived
            if done:
                archive.status = DatasetStatus.ARCHIVED
                self._note(archive, archived_at=now(), problem="")
            elif archive.status is DatasetStatus.ARCHIVED and archive.archived:
                if self._ports.archive.drop_idle(archive.spec.run):
                    self._noted.pop(archive.spec.run, None)
                    self._ports.storage.forget(archive.spec.did)
            elif time.monotonic() - self._noted.get(archive.spec.run, 0.0) >= NOTED_EVERY_S:
                self._noted[archive.spec.run] = time.monotonic()
                self._note(archive)
        if done:
            _log.info("%s is archived at %s", archive.spec.did, ", ".join(archive.spec.sites) or "no site")

    def _note(self, archive: RunArchive, **more: object) -> None:
        with self._ports.archive.lock:
            said = {
                "status": archive.status,
                "files": archive.registered,
                "size_bytes": archive.size_bytes,
                "streams": {name: one.document() for name, one in archive.streams().items()},
                "problem": archive.shortfall(),
            }
        self._ports.notes.dataset(archive.spec.did.name, **{**said, **more})
