"""Programs that a machine may lack."""

import shutil
from pathlib import Path

_SYSTEM = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"


class Absent(Exception):
    """A server is not installed; says which, and how to get it."""

    def __init__(self, name: str, remedy: str) -> None:
        super().__init__(f"{name} is not installed ({remedy})")


def program(word: str, name: str, package: str) -> Path:
    """A program of the machine.

    Raises:
        Absent: it is not there; `package` has it on Debian.
    """
    found = shutil.which(word) or shutil.which(word, path=_SYSTEM)
    if found is None:
        raise Absent(name, f"on Debian: apt-get install {package}")
    return Path(found)
