"""Places on disk that must be the user's alone: secrets, and the sockets of the supervisors."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from swf_testbed.config.settings import Settings
from swf_testbed.model.errors import Refused

_SOCKETS = Path("/tmp")  # noqa: S108  # made below as a directory of our own, refused if it is not


def private_dir(path: Path) -> Path:
    """The directory, made if missing; only this user may look into it.

    Raises:
        Refused: it is a link, another user's, or open to others.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Refused(f"{path} is not a directory of yours; remove it, or have its owner remove it")
    if found.st_mode & 0o077:
        raise Refused(f"{path} is open to other users; close it with: chmod 700 {path}")
    return path


def socket_dir(settings: Settings) -> Path:
    """Where the supervisors of this home listen; made when one starts, checked whenever it is there.

    Not below the home folder: a socket's path may have 107 bytes at most. Not below XDG_RUNTIME_DIR: it
    differs between a login and a batch job of the same user, who must find the same supervisors.
    """
    digest = hashlib.sha256(os.fsencode(settings.swf_home)).hexdigest()[:12]
    path = _SOCKETS / f"swf-{os.geteuid()}-{digest}"
    return private_dir(path) if os.path.lexists(path) else path


def private_state(settings: Settings) -> Path:
    """Where passwords and tokens are kept."""
    return private_dir(settings.private_dir)


def broker_password(settings: Settings) -> str:
    """The broker's password; the embedded broker's own is made when first asked for."""
    private_state(settings)
    if not settings.broker_password():
        write_private(settings.broker_password_file, secrets.token_urlsafe(32) + "\n")
    return settings.broker_password()


def write_private(path: Path, text: str) -> None:
    """A file for this user's eyes, whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.touch(mode=0o600, exist_ok=False)
    part.write_text(text, "utf-8")
    part.replace(path)


@contextmanager
def control_lock(settings: Settings) -> Iterator[None]:
    """One starts or stops things at a time; whoever comes second waits."""
    path = private_state(settings) / "control.lock"
    with path.open("a") as handle:
        flock(handle, LOCK_EX)
        yield
