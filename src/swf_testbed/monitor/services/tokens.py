"""Tokens: made once, shown once, known to the database by their digest."""

import hashlib
import os
import secrets
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser, User

from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import ApiToken


def digest(key: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(key.encode()).hexdigest()


def user_of(key: str) -> AbstractBaseUser | None:
    """Whose token it is; None for nobody's or an inactive user's."""
    found = ApiToken.objects.select_related("user").filter(digest=digest(key), user__is_active=True).first()
    return found.user if found else None


def new_token(username: str) -> str:
    """Make a user's token, and the user if there is none; an earlier token stops working."""
    key = secrets.token_hex(32)
    keep_token(username, key)
    return key


def keep_token(username: str, key: str) -> None:
    """Let `key` be the token of a user."""
    with writing():
        user, _ = User.objects.get_or_create(username=username)
        ApiToken.objects.update_or_create(user=user, defaults={"digest": digest(key)})


def local_token(username: str, file: Path) -> str:
    """The token of the one who runs this server, kept in a file that only they can read."""
    try:
        key = file.read_text("utf-8").strip()
    except FileNotFoundError:
        key = secrets.token_hex(32)
        write_secret(file, key)
    found = user_of(key)
    if found is None or found.get_username() != username:
        keep_token(username, key)
    return key


def write_secret(file: Path, text: str) -> None:
    """Write a file for the user's eyes only; it is never there half written or open to others."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    beside.replace(file)
