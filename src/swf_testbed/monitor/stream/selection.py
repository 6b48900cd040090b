"""What one client of the stream wants to hear, and from where on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.monitor.services.filtering import moment, number_between, run_number_of
from swf_testbed.monitor.services.messages import StoredMessage
from swf_testbed.monitor.services.stream_parameters import EARLIEST, LAST_NUMBER, LONGEST, MOST, PARAMETERS

Start = int | datetime | str | None
"""After a message's number, from a time on, from the oldest message (`EARLIEST`), or from now on."""

_LISTS = tuple(name for name, parameter in PARAMETERS.items() if parameter.many)


@dataclass(frozen=True)
class Selection:
    """Filters of one client; an empty one lets everything through.

    Attributes:
        changes: resources of which it wants to hear, whenever their records change, that they did; who names
            some hears messages only of the types that it names.
    """

    msg_types: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    run_ids: frozenset[int] = frozenset()
    namespace: frozenset[str] = frozenset()
    execution_id: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()

    def wants(self, message: StoredMessage) -> bool:
        """Whether a message passes every filter."""
        return (
            (message.event in self.msg_types if self.msg_types else not self.changes)
            and (not self.agents or message.sender in self.agents)
            and (not self.run_ids or message.run_id in self.run_ids)
            and (not self.namespace or message.namespace in self.namespace)
            and (not self.execution_id or message.execution_id in self.execution_id)
        )

    def shown(self) -> dict[str, Any]:
        """The filters that say something, as a JSON object."""
        return {name: sorted(value) for name, value in vars(self).items() if value}


def parse(query: Iterable[tuple[str, str]], last_event_ids: Sequence[str] = ()) -> tuple[Selection, Start]:
    """The selection of a query, and where to begin; a value that is empty counts as not said.

    Args:
        query: names and values, as often as they were said.
        last_event_ids: what the header `Last-Event-ID` says, which counts before the query: a browser sends
            it when it connects again to the same address.

    Raises:
        BadInput: a parameter that does not exist, or a malformed value.
    """
    said: dict[str, list[str]] = {}
    for name, text in query:
        if name not in PARAMETERS:
            raise BadInput(name, text, f"is not a parameter of the stream; {one_of(PARAMETERS)}")
        said.setdefault(name, []).extend(_words(name, text) if name in _LISTS else [text] if text else [])
    for name in _LISTS:
        if len(said.get(name, ())) > MOST:
            raise BadInput(name, f"{len(said[name])} values", f"must be at most {MOST} values")
    run_ids = (run_number_of(text, "run_ids") for text in said.get("run_ids", ()))
    selection = Selection(
        run_ids=frozenset(run_ids),
        **{name: frozenset(said.get(name, ())) for name in _LISTS if name != "run_ids"},
    )
    return selection, _start(said, [text for text in last_event_ids if text])


def _start(said: dict[str, list[str]], header: Sequence[str]) -> Start:
    number, since = _only("last_event_id", said), _only("since", said)
    if number and since:
        raise BadInput("since", since, "must not be said together with last_event_id")
    begin: Start = None if since is None else moment("since", since)
    if number is not None:
        begin = _position("last_event_id", number)
    if header:
        begin = _position("Last-Event-ID", header[-1])
    return begin


def _position(name: str, text: str) -> Start:
    if text == EARLIEST:
        return EARLIEST
    try:
        return number_between(name, text, 0, LAST_NUMBER)
    except BadInput:
        raise BadInput(name, text, f"must be a whole number from 0 to {LAST_NUMBER}, or {EARLIEST}") from None


def _only(name: str, said: dict[str, list[str]]) -> str | None:
    texts = said.get(name, [])
    if len(texts) > 1:
        raise BadInput(name, texts[1], "must be said once")
    return texts[0] if texts else None


def _words(name: str, text: str) -> list[str]:
    words = [word for word in text.split(",") if word]
    for word in words:
        if len(word) > LONGEST or not word.isprintable():
            raise BadInput(name, word, f"must be at most {LONGEST} printable characters")
    return words
