"""Alarms of the data agent: raised once, said again when the text is another, and cleared."""

import threading
from collections.abc import Callable
from typing import Any

from swf_testbed.messages import Alarm, Message
from swf_testbed.model.alarms import ALARMS, alarm_subject
from swf_testbed.model.fields import NAME_CHARS, SHORT_TEXT_CHARS
from swf_testbed.runtime import AgentContext


class Alarms:
    """What is raised now; safe from any thread.

    Args:
        context: of the agent.
        say: hands on a message.
    """

    def __init__(self, context: AgentContext, say: Callable[[Message], None]) -> None:
        self._context, self._say = context, say
        self._lock = threading.Lock()
        self._standing: dict[str, str] = {}

    def recall(self, subjects: dict[str, str]) -> None:
        """Alarms that an earlier process has left standing, so that they can be cleared."""
        with self._lock:
            self._standing |= subjects

    @property
    def standing(self) -> dict[str, str]:
        """The texts of what is raised, by subject."""
        with self._lock:
            return dict(self._standing)

    def raised(self, name: str, what: str, text: str, run: int | None = None) -> None:
        """Something is wrong: the kind of alarm, what it is about, and what to know."""
        subject = alarm_subject(name, what)[:NAME_CHARS]
        text = text[:SHORT_TEXT_CHARS]
        with self._lock:
            if self._standing.get(subject) == text:
                return
            self._standing[subject] = text
        severity = ALARMS[name].severity
        self._tell(Alarm, severity=severity, subject=subject, text=text, state="raised", run_id=run)

    def cleared(self, name: str, what: str, text: str, run: int | None = None) -> None:
        """It is over; nothing happens if it was not raised."""
        subject = alarm_subject(name, what)[:NAME_CHARS]
        with self._lock:
            if self._standing.pop(subject, None) is None:
                return
        severity = ALARMS[name].severity
        self._tell(Alarm, severity=severity, subject=subject, text=text, state="cleared", run_id=run)

    def _tell(self, cls: type[Alarm], **fields: Any) -> None:
        self._say(self._context.message(cls, **fields))
