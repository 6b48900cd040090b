"""A courier: brings the files of all runs to one site, in order, and verifies them; one portion a step."""

import time

from swf_testbed.adapters.storage import Copy, CopyState
from swf_testbed.agents.data.ports import Ports
from swf_testbed.agents.data.run_archive import FileTask, RunArchive
from swf_testbed.messages import Replica, StfArchived
from swf_testbed.model.clock import now
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.records import StfCopy


class Courier:
    """Serves one site; another site does not wait for it."""

    def __init__(self, ports: Ports, site: str) -> None:
        self._ports, self._site = ports, site

    def step(self) -> bool:
        """Bring the next files of the oldest run to the site, and verify them; True if there were any.

        Raises:
            Unavailable: the site does not answer.
        """
        site = self._site
        for archive in self._ports.archive.runs():
            if site not in archive.spec.sites or not archive.opened:
                continue
            with self._ports.archive.lock:
                tasks = archive.waiting(site, time.monotonic(), self._ports.batch)
            if tasks:
                self._bring(archive, tasks)
                return True
        return False

    def _bring(self, archive: RunArchive, tasks: list[FileTask]) -> None:
        site = self._site
        storage, did = self._ports.storage, archive.spec.did
        files = [task.file for task in tasks]
        copies = {copy.name: copy for copy in storage.deliver(did, site, files)}
        arrived = [file for file in files if copies[file.name].state is CopyState.ARRIVED]
        if arrived:
            copies |= {copy.name: copy for copy in storage.verify(did, site, arrived)}
        for task in tasks:
            self._settle(archive, task, copies[task.file.name])
        self._compare(archive)

    def _settle(self, archive: RunArchive, task: FileTask, copy: Copy) -> None:
        with self._ports.archive.lock:
            before = task.copies[copy.site].state, task.copies[copy.site].problem
            archive.settle(copy, time.monotonic(), self._ports.poll_s)
            here, archived = task.copies[copy.site], task.archived
        what = f"{task.file.name}@{copy.site}"
        if copy.state is CopyState.FAILED:
            self._ports.damaged(what)
            self._ports.alarms.raised("copy", what, copy.problem, archive.spec.run)
        else:
            self._ports.alarms.cleared("copy", what, copy.state, archive.spec.run)
        if (copy.state, copy.problem) != before:
            self._ports.notes.copy(_note_of(copy, here.attempts))
        if archived:
            self._tell_archived(archive, task)

    def _tell_archived(self, archive: RunArchive, task: FileTask) -> None:
        self._ports.tell(
            archive,
            StfArchived,
            filename=task.file.name,
            size_bytes=task.file.size_bytes,
            checksum=task.file.checksum,
            replicas=tuple(
                Replica(site=site, url=copy.url, verified=True)
                for site, copy in task.copies.items()
                if copy.url
            ),
        )

    def _compare(self, archive: RunArchive) -> None:
        """The stream of the site against that of the announcements."""
        site = self._site
        with self._ports.archive.lock:
            found = dict(archive.differences())
        if site in found:
            text = f"the stream of {site} differs from what the DAQ announced, first in {found[site]}"
            self._ports.alarms.raised("stream", f"{archive.spec.did.name}@{site}", text, archive.spec.run)


def _note_of(copy: Copy, attempts: int) -> StfCopy:
    said = {
        "stf_file": copy.name,
        "site": copy.site,
        "state": copy.state,
        "attempts": attempts,
        "problem": copy.problem[:SHORT_TEXT_CHARS],
        "verified_at": now() if copy.state is CopyState.VERIFIED else None,
    }
    if copy.url:
        said["url"] = copy.url
    if copy.checksum:
        said["checksum"] = copy.checksum
    return StfCopy.model_validate(said)
