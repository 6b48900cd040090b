"""`@handles(StfReady)`: which method takes which messages, checked when the class is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from swf_testbed.messages import Message
from swf_testbed.messages.registry import type_name

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "_swf_handles"


@dataclass(frozen=True, slots=True)
class Handler:
    """One method and the message classes it takes; with `batch` above 1 it is handed a list."""

    messages: tuple[type[Message], ...]
    method: str
    batch: int
    linger_s: float
    at_once: bool


def handles(
    *messages: type[Message], batch: int = 1, linger_s: float = 0.0, at_once: bool = False
) -> Callable[[F], F]:
    """Mark a method as the handler of message classes.

    Args:
        messages: what it takes.
        batch: take up to so many at once, as a list in the order of arrival.
        linger_s: how long to wait for more once one is there.
        at_once: do not wait for another handler to end; the method must take care of that.
    """

    def mark(method: F) -> F:
        setattr(method, _MARK, Handler(messages, method.__name__, batch, linger_s, at_once))
        return method

    return mark


def collect(cls: type) -> dict[str, Handler]:
    """The handlers of a class by `msg_type`; a second handler for one type is a `TypeError`."""
    found: dict[str, Handler] = {}
    for name in dir(cls):
        handler: Handler | None = getattr(getattr(cls, name, None), _MARK, None)
        if handler is None:
            continue
        for said in map(type_name, handler.messages):
            if said in found:
                raise TypeError(f"{cls.__name__}: {found[said].method} and {name} both handle {said}")
            found[said] = handler
    return found
