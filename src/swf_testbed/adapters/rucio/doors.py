"""How the exit buffer's files are called from outside, and what a site's server says of its copies."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from swf_testbed.adapters.storage.protocol import StoredFile
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.stf.ranges_xrootd import checksum_of
from swf_testbed.stf.urls import local_path, shown


@dataclass(frozen=True)
class Door:
    """A folder of this machine, and what the URLs of its files begin with from outside."""

    folder: Path
    url: str

    def outside(self, url: str) -> str:
        """The URL by which others reach a file of the exit buffer; one that is no file:// URL stays as it is.

        Raises:
            BadInput: the file does not lie in the folder.
        """
        if urlsplit(url).scheme not in {"file", ""}:
            return url
        path = local_path(url)
        if not path.is_relative_to(self.folder):
            raise BadInput("file_url", shown(url), f"must lie in the exit buffer, {self.folder}")
        return f"{self.url.rstrip('/')}/{path.relative_to(self.folder).as_posix()}"


def difference(url: str, file: StoredFile) -> str:
    """What is wrong with a copy, by its own server's reading of it; empty if nothing is.

    Raises:
        Unavailable: the server does not answer.
    """
    try:
        size, adler32 = checksum_of(url)
    except NotFound:
        return f"there is no file {shown(url)}"
    if size != file.size_bytes:
        return f"{size} bytes, {file.size_bytes} announced"
    if adler32 != file.adler32:
        return f"checksum ad:{adler32}, {file.checksum} announced"
    return ""


def delete(file: StoredFile) -> str:
    """Delete the exit buffer's copy; the problem, empty if there was none, as when it is gone already."""
    try:
        local_path(file.url).unlink(missing_ok=True)
    except OSError as error:
        return f"{file.name} cannot be deleted: {error.strerror}"
    return ""
