"""Who asks: known from the request's token before any tool runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from swf_testbed.model.errors import Refused
from swf_testbed.monitor.services.rights import Actor
from swf_testbed.monitor.services.tokens import holder_of


class Asker(NamedTuple):
    """Somebody; without an `actor` they may only read."""

    name: str
    actor: Actor | None


ANYBODY = Asker("anybody", None)

_asking: ContextVar[Asker] = ContextVar("asking", default=ANYBODY)


def of_token(key: str) -> Asker | None:
    """Whose token it is; None for nobody's."""
    found = holder_of(key)
    if found is None:
        return None
    name = found.user.get_username()
    return Asker(name, None if found.read_only else Actor(name, found.user.is_staff))


@contextmanager
def asking(asker: Asker) -> Iterator[None]:
    """Let everything inside be asked by them."""
    token = _asking.set(asker)
    try:
        yield
    finally:
        _asking.reset(token)


def present() -> Asker:
    """Who asks now."""
    return _asking.get()


def writer() -> Actor:
    """Who asks now, if they may change things.

    Raises:
        Refused: with what is needed.
    """
    found = present()
    if found.actor is None:
        raise Refused(
            "changing things needs the header 'Authorization: Bearer <key>' with a token that may write; "
            f"you are {found.name}"
        )
    return found.actor
