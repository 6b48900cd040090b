"""Tokens: made once, shown once, known to the database by their digest."""

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import Q

from swf_testbed.model.clock import iso, now
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.monitor.private_files import write_secret
from swf_testbed.monitor.services.writing import writing
from swf_testbed.monitor.store.models import ApiToken

DEFAULT_NAME = "default"
LOCAL_NAME = "local"
"""The name of the token that this testbed's own programs use."""

LONGEST_DAYS = 3650
MOST_TOKENS = 50
"""Tokens that one user may have."""

_USE_WRITTEN_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 64


class Holder(NamedTuple):
    """Whose token it is, and what it is good for."""

    user: User
    read_only: bool


def digest(key: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(key.encode()).hexdigest()


def holder_of(key: str) -> Holder | None:
    """Whose token it is; None for nobody's, an expired one, or an inactive user's."""
    moment = now()
    good = Q(expires_at__isnull=True) | Q(expires_at__gt=moment)
    found = (
        ApiToken.objects.filter(good, digest=digest(key), user__is_active=True)
        .select_related("user")
        .order_by()
        .first()
    )
    if found is None:
        return None
    if found.last_used_at is None or moment - found.last_used_at >= _USE_WRITTEN_EVERY:
        with writing():
            ApiToken.objects.filter(pk=found.pk).update(last_used_at=moment)
    return Holder(found.user, found.read_only)


def issue(
    username: str,
    name: str = DEFAULT_NAME,
    *,
    read_only: bool = False,
    days: int | None = None,
    create_user: bool = False,
) -> str:
    """Make a token; one of the same name stops working.

    Args:
        username: whose.
        name: what its user calls it.
        read_only: it opens what only reads.
        days: how long it works; None is without end.
        create_user: make the user if there is none.

    Raises:
        NotFound: there is no such user.
        BadInput: a name or duration that is not allowed, or too many tokens.
    """
    key = secrets.token_hex(32)
    _keep(_user(username, create_user), key, _good_name(name), read_only, _good_days(days))
    return key


def tokens_of(username: str) -> list[ApiToken]:
    """A user's tokens by name; `NotFound` if there is no such user."""
    return list(ApiToken.objects.filter(user=_user(username)))


def described(username: str) -> list[tuple[str, str, str, str, str]]:
    """A user's tokens in words: name, what it opens, when it was made, was last used, and ends."""
    return [
        (
            token.name,
            "read only" if token.read_only else "read and write",
            iso(token.created_at),
            iso(token.last_used_at) if token.last_used_at else "never used",
            iso(token.expires_at) if token.expires_at else "does not end",
        )
        for token in tokens_of(username)
    ]


def revoke(username: str, name: str) -> None:
    """Let a token stop working; `NotFound` if the user has none of that name."""
    with writing():
        gone, _ = ApiToken.objects.filter(user=_user(username), name=name).delete()
    if not gone:
        raise NotFound(f"{username} has no token {name!r}")


def local_token(username: str, file: Path) -> str:
    """The token of the one who runs this server, kept in a file that only they can read."""
    try:
        key = file.read_text("utf-8").strip()
    except FileNotFoundError:
        key = secrets.token_hex(32)
        write_secret(file, key)
    found = holder_of(key)
    if found is None or found.user.get_username() != username:
        _keep(_user(username, create=True), key, LOCAL_NAME, read_only=False, days=None)
    return key


def _keep(user: User, key: str, name: str, read_only: bool, days: int | None) -> None:
    expires_at = None if days is None else now() + timedelta(days=days)
    said = {"digest": digest(key), "read_only": read_only, "expires_at": expires_at}
    with writing():
        others = ApiToken.objects.filter(user=user).exclude(name=name)
        if others.count() >= MOST_TOKENS:
            raise BadInput("name", name, f"must be one of your {MOST_TOKENS} tokens; revoke one first")
        ApiToken.objects.filter(digest=said["digest"]).delete()
        ApiToken.objects.update_or_create(
            user=user, name=name, defaults={**said, "created_at": now(), "last_used_at": None}
        )


def _user(username: str, create: bool = False) -> User:
    found = User.objects.filter(username=username).first()
    if found is not None:
        return found
    if not create:
        raise NotFound(f"there is no user {username!r}; --create-user makes one")
    if not (username.isprintable() and 1 <= len(username) <= 150 and " " not in username):
        raise BadInput("username", username, "must be 1 to 150 printable characters without blanks")
    with writing():
        return User.objects.create_user(username)


def _good_name(name: str) -> str:
    if not (name.isprintable() and name.strip() == name and 1 <= len(name) <= _LONGEST_NAME):
        raise BadInput("name", name, f"must be 1 to {_LONGEST_NAME} printable characters")
    return name


def _good_days(days: int | None) -> int | None:
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise BadInput("expires-in", days, f"must be 1 to {LONGEST_DAYS} days")
    return days
