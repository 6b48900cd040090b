"""What a site's server says of its copies; and the exit buffer's, when they are deleted."""

from swf_testbed.adapters.storage.protocol import StoredFile
from swf_testbed.model.errors import NotFound
from swf_testbed.stf.ranges_xrootd import checksum_of
from swf_testbed.stf.urls import local_path, shown


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
