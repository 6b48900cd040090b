"""Tokens: made once, shown once, known to the database by their digest."""

import hashlib
import secrets
from pathlib import Path

from django.contrib.auth.models import AbstractBaseUser, User

from swf_testbed.monitor.private_files import write_secret
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
