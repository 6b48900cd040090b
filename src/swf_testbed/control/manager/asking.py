"""Commands to a user's agent manager; each returns when it was answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

from swf_testbed.bus import Bus
from swf_testbed.config.environment import username
from swf_testbed.control.manager.documents import Ended, Killed, ManagerState, UserTestbed
from swf_testbed.messages import KillAgent, Ping, Restart, StartTestbed, Status, StopTestbed
from swf_testbed.messages.control import Command, TestbedCommand
from swf_testbed.runtime.asking import ask

D = TypeVar("D", bound=BaseModel)

QUICK_S = 10.0
"""How long an answer may take that needs no work."""

WORK_S = 240.0
"""How long agents may take to end and to be up again, with their services."""


@dataclass(frozen=True, slots=True)
class Manager:
    """The agent manager of a user, asked over a bus; `requested_by` is who asks.

    Every method raises `Refused`, in the words of the manager, which are those of the command line, and
    `Unavailable` when no manager answers.
    """

    bus: Bus
    namespace: str
    user: str
    requested_by: str

    @classmethod
    def own(cls, bus: Bus, namespace: str) -> "Manager":
        """That of whoever runs this process."""
        return cls(bus, namespace, username(), username())

    def ping(self, timeout_s: float = QUICK_S) -> ManagerState:
        """Whether it is there, and what it does."""
        return self._ask(Ping, ManagerState, timeout_s)

    def status(self) -> UserTestbed:
        """What it runs."""
        return self._ask(Status, UserTestbed, QUICK_S)

    def start_testbed(self, config_name: str | None = None) -> UserTestbed:
        """Start the agents of a workflow's configuration, or those of testbed.toml; all are then ready."""
        return self._ask(StartTestbed, UserTestbed, WORK_S, config_name=config_name)

    def stop_testbed(self) -> Ended:
        """Stop the agents."""
        return self._ask(StopTestbed, Ended, WORK_S)

    def restart(self) -> UserTestbed:
        """Stop the agents, and start them with the environment as it is now."""
        return self._ask(Restart, UserTestbed, WORK_S)

    def kill_agent(self, agent: str, started_at: datetime) -> Killed:
        """Kill a process that the manager has started, named as `status` names it."""
        return self._ask(KillAgent, Killed, QUICK_S, agent=agent, started_at=started_at)

    def _ask(
        self, kind: type[TestbedCommand] | type[Ping], answer: type[D], timeout_s: float, **fields: Any
    ) -> D:
        command: Command = kind(
            namespace=self.namespace,
            sender=f"cli-{self.requested_by}",
            requested_by=self.requested_by,
            username=self.user,
            **fields,
        )
        return answer.model_validate(ask(self.bus, command, f"the agent manager of {self.user}", timeout_s))
