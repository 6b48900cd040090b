"""How the exit buffer's files are called from outside."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from swf_testbed.model.errors import BadInput
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
