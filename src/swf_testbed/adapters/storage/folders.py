"""Sites that are folders of this machine: copied, checked as they are read, safe on disk, and read again."""

import os
from collections.abc import Mapping
from pathlib import Path
from zlib import adler32

from swf_testbed.adapters.storage.protocol import Copy, Did, StoredFile
from swf_testbed.model.errors import BadInput, SwfError, Unavailable, one_of
from swf_testbed.model.status import CopyState
from swf_testbed.stf.documents import checksum_text
from swf_testbed.stf.partfile import PartFile
from swf_testbed.stf.urls import local_path

_PIECE = 1 << 22


class FolderMover:
    """Moves files between folders.

    Args:
        sites: the folder of each site; one that is not there is a site that is down.
    """

    def __init__(self, sites: Mapping[str, Path]) -> None:
        self._sites = dict(sites)

    def path(self, did: Did, site: str, name: str) -> Path:
        """Where a site keeps a file. `BadInput` for a site that is not configured."""
        if site not in self._sites:
            raise BadInput("site", site, one_of(self._sites))
        return self._sites[site] / did.scope / did.name / name

    def bring(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Copy a file, unless one of its size is there; damage of the original is found on the way."""
        path = self.path(did, site, file.name)
        self._answers(site)
        if path.is_file() and path.stat().st_size == file.size_bytes:
            return Copy(file.name, site, CopyState.ARRIVED, path.as_uri())
        try:
            problem = _copied(local_path(file.url), path, file)
        except _Unreadable as error:
            problem = str(error)
        except OSError as error:
            raise Unavailable(f"{site} takes no files: {error.strerror} ({path.parent})") from error
        state = CopyState.FAILED if problem else CopyState.ARRIVED
        return Copy(file.name, site, state, path.as_uri(), problem)

    def check(self, did: Did, site: str, file: StoredFile) -> Copy:
        """Read a copy from the disk, and put one that differs aside as `NAME.bad`."""
        path = self.path(did, site, file.name)
        self._answers(site)
        try:
            problem, checksum = _wrong(path, file)
            if problem and path.is_file():
                path.replace(path.with_name(f"{path.name}.bad"))
        except OSError as error:
            raise Unavailable(f"{site} cannot be read: {error.strerror} ({path})") from error
        state = CopyState.FAILED if problem else CopyState.VERIFIED
        return Copy(file.name, site, state, path.as_uri(), problem, checksum)

    def drop(self, file: StoredFile) -> str:
        """Delete a file of the exit buffer; that it is gone already is no problem."""
        path = local_path(file.url)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            return f"{file.name} cannot be deleted: {error.strerror} ({path.parent})"
        return ""

    def _answers(self, site: str) -> None:
        if not self._sites[site].is_dir():
            raise Unavailable(f"{site} does not answer: there is no folder {self._sites[site]}")


class _Unreadable(SwfError):
    """The original cannot be read: the file's problem, not the site's."""


def _copied(source: Path, path: Path, file: StoredFile) -> str:
    """Copy; what is wrong with the original, if anything is: then nothing is left."""
    try:
        original = source.open("rb")
    except OSError as error:
        raise _Unreadable(f"the exit buffer's copy cannot be read: {error.strerror} ({source})") from error
    with original:
        path.parent.mkdir(parents=True, exist_ok=True)
        with PartFile(path) as part:
            while piece := _read(original.fileno(), source):
                part.write(piece)
            if problem := _compared(part.size, checksum_text(part.adler32), file):
                return f"the exit buffer's copy is damaged: {problem}"
            part.commit(fsync=True)
    return ""


def _read(descriptor: int, source: Path) -> bytes:
    try:
        return os.read(descriptor, _PIECE)
    except OSError as error:
        raise _Unreadable(f"the exit buffer's copy cannot be read: {error.strerror} ({source})") from error


def _wrong(path: Path, file: StoredFile) -> tuple[str, str]:
    """What is wrong with a copy, empty if nothing is; and its checksum."""
    if not path.is_file():
        return f"there is no file {path}", ""
    size, value = 0, 1
    with path.open("rb", buffering=0) as copy:
        # What was just written is otherwise read from memory, and says nothing of the disk.
        os.posix_fadvise(copy.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := copy.read(_PIECE):
            size, value = size + len(piece), adler32(piece, value)
    checksum = checksum_text(value)
    return _compared(size, checksum, file), checksum


def _compared(size: int, checksum: str, file: StoredFile) -> str:
    if size != file.size_bytes:
        return f"{size} bytes, {file.size_bytes} announced"
    if checksum != file.checksum:
        return f"checksum {checksum}, {file.checksum} announced"
    return ""
