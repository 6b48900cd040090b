"""As an ordinary user: what a CI machine starts as root, PostgreSQL refuses, and others should not be."""

import os
import pwd
from pathlib import Path

_ORDINARY_USERS = ("postgres", "nobody")


def as_ordinary_user() -> list[str]:
    """What to put before a command; nothing unless this is root."""
    if os.geteuid() != 0:
        return []
    user = _ordinary_user()
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def hand_over(folder: Path) -> None:
    """Give a folder, and what is in it, to the user of `as_ordinary_user`."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_ordinary_user())
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _ordinary_user() -> str:
    return next(name for name in _ORDINARY_USERS if name in {entry.pw_name for entry in pwd.getpwall()})
