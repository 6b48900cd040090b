"""What one client of the stream wants to hear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.monitor.services.filtering import number_between
from swf_testbed.monitor.services.messages import StoredMessage

_LISTS = ("msg_types", "agents", "run_ids", "changes")
_WORDS = ("namespace", "execution_id")
PARAMETERS = (*_LISTS, *_WORDS, "last_event_id")
_LONGEST, _MOST = 200, 100


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
    namespace: str | None = None
    execution_id: str | None = None
    changes: frozenset[str] = frozenset()

    def wants(self, message: StoredMessage) -> bool:
        """Whether a message passes every filter."""
        return (
            (message.event in self.msg_types if self.msg_types else not self.changes)
            and (not self.agents or message.sender in self.agents)
            and (not self.run_ids or message.run_id in self.run_ids)
            and (self.namespace is None or message.namespace == self.namespace)
            and (self.execution_id is None or message.execution_id == self.execution_id)
        )


def parse(query: Iterable[tuple[str, str]]) -> tuple[Selection, int | None]:
    """The selection and `last_event_id` of a query.

    Raises:
        BadInput: a parameter that does not exist, or a malformed value.
    """
    said: dict[str, list[str]] = {}
    for name, text in query:
        if name not in PARAMETERS:
            raise BadInput(name, text, f"is not a parameter of the stream; {one_of(PARAMETERS)}")
        said.setdefault(name, []).extend(_words(name, text) if name in _LISTS else [_word(name, text)])
    last = said.get("last_event_id")
    return (
        Selection(
            msg_types=frozenset(said.get("msg_types", ())),
            agents=frozenset(said.get("agents", ())),
            run_ids=frozenset(
                number_between("run_ids", text, 0, 2**31 - 1) for text in said.get("run_ids", ())
            ),
            namespace=_only(said.get("namespace")),
            execution_id=_only(said.get("execution_id")),
            changes=frozenset(said.get("changes", ())),
        ),
        event_number("last_event_id", last[-1]) if last and last[-1] else None,
    )


def event_number(name: str, text: str) -> int:
    """The number of a message; `BadInput` if it is none."""
    return number_between(name, text, 0, 2**62)


def _words(name: str, text: str) -> list[str]:
    words = [_word(name, word) for word in text.split(",") if word]
    if len(words) > _MOST:
        raise BadInput(name, text, f"must be at most {_MOST} values")
    return words


def _word(name: str, text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise BadInput(name, text, f"must be at most {_LONGEST} printable characters")
    return text


def _only(texts: Sequence[str] | None) -> str | None:
    return texts[-1] if texts and texts[-1] else None
