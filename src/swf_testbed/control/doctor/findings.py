"""What a check finds, and what checks look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.control.agents import agents_supervisord
from swf_testbed.control.programs import MONITOR
from swf_testbed.control.readiness import GREETINGS, Answer, Greeting
from swf_testbed.control.services import services_supervisord
from swf_testbed.control.supervision import Process, Supervisord

ANSWER_S = 5.0
"""How long anybody is waited for."""


class Level(StrEnum):
    """`error`: a run will not work; `warning`: it will, but something needs a look."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found; `remedy` says how to mend it."""

    level: Level
    text: str
    remedy: str = ""


def ok(text: str) -> Finding:
    """As it should be."""
    return Finding(Level.OK, text)


def warning(text: str, remedy: str) -> Finding:
    """Worth a look."""
    return Finding(Level.WARNING, text, remedy)


def error(text: str, remedy: str) -> Finding:
    """In the way of a run."""
    return Finding(Level.ERROR, text, remedy)


class Patient:
    """What checks look at; what several of them ask is asked once.

    Args:
        settings: of the home that is examined.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._greetings: dict[str, Greeting] = {}

    @property
    def embedded(self) -> bool:
        """Whether broker and database are our own."""
        return self.settings.swf_mode is Mode.EMBEDDED

    @cached_property
    def namespace(self) -> str:
        """That of testbed.toml."""
        return instance_namespace(self.settings.swf_home, self.settings.swf_testbed_config)

    @cached_property
    def supervisors(self) -> tuple[Supervisord, ...]:
        """Of services and of agents."""
        found = (services_supervisord(self.settings), agents_supervisord(self.settings))
        return tuple(Supervisord(one.file, one.socket, ANSWER_S) for one in found)

    @cached_property
    def processes(self) -> list[Process]:
        """All that are supervised."""
        return [process for one in self.supervisors for process in one.processes()]

    @property
    def monitor_answers(self) -> bool:
        """Whether there is a monitor that knows us."""
        return self.greeting(MONITOR).answer is Answer.OURS

    def greeting(self, service: str) -> Greeting:
        """What a handshake with a service comes to."""
        if service not in self._greetings:
            self._greetings[service] = GREETINGS[service](self.settings)
        return self._greetings[service]


Check = Callable[[Patient], Iterator[Finding]]
"""Looks at one thing; finds nothing where there is nothing to look at."""
