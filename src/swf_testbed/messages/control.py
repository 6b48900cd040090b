"""Commands, and their answers; a command names the destination that it wants to be answered on."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from swf_testbed.messages.envelope import Message
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused
from swf_testbed.model.fields import Name, RunNumber, Seconds, ShortText, Timestamp

_MANAGERS = destinations.testbed_control("USERNAME").replace("USERNAME", "{username}")

COMMAND_LIVES_S = 120
"""A command that nobody took for so long is forgotten: who asked does not wait for it any more."""


class Command(Message):
    """What every command carries beyond the envelope."""

    goes_to = destinations.workflow_control
    reply_to: Name | None = None
    correlation_id: UUID | None = None
    requested_by: Name = "unknown"


class RunWorkflow(Command):
    """Start a workflow, with the configuration `config` in place of its own if that is said.

    `params` override every other source, by `section.key`.
    """

    msg_type: Literal["run_workflow"] = "run_workflow"
    workflow_name: Name
    config: Name | None = None
    realtime: bool = True
    duration: Seconds = 0.0
    params: dict[str, Any] = Field(default_factory=dict)


class StopWorkflow(Command):
    """End an execution in good order."""

    msg_type: Literal["stop_workflow"] = "stop_workflow"
    execution_id: Name


class StatusRequest(Command):
    """Ask what runs."""

    msg_type: Literal["status_request"] = "status_request"


class TestbedCommand(Command):
    """A command to the agent manager of a user."""

    __test__ = False  # pytest takes what begins with Test for its own
    time_to_live_s = COMMAND_LIVES_S
    username: Name

    @property
    def destination(self) -> str:
        """The queue of that user's agent manager."""
        return destinations.testbed_control(self.username)

    @classmethod
    def addresses(cls) -> tuple[str, ...]:
        """The queue of an agent manager."""
        return (_MANAGERS,)


class StartTestbed(TestbedCommand):
    """Start the agents of a configuration; `testbed.toml` if none is named."""

    msg_type: Literal["start_testbed"] = "start_testbed"
    config_name: Name | None = None


class StopTestbed(TestbedCommand):
    """Stop the agents."""

    msg_type: Literal["stop_testbed"] = "stop_testbed"


class Restart(TestbedCommand):
    """Stop the agents, and start them with the environment as it is now."""

    msg_type: Literal["restart"] = "restart"


class Status(TestbedCommand):
    """Ask what runs under a user's agent manager."""

    msg_type: Literal["status"] = "status"


class SetSampling(Command):
    """Change how a run is sampled, from the next STF that leaves the DAQ; without changes, say how it is.

    `sampling` has values by the names of the parameters of `fastmon` that may be changed; null is as the run
    began.
    """

    goes_to = destinations.fastmon_control
    time_to_live_s = COMMAND_LIVES_S
    msg_type: Literal["set_sampling"] = "set_sampling"
    run_id: RunNumber
    sampling: dict[str, Any] = Field(default_factory=dict)


class KillAgent(TestbedCommand):
    """End a process of the agents at once, as when it hangs; its supervisor puts another in its place.

    It is named as `status` names it, with the time at which it was started, so that a successor is never
    meant by mistake.
    """

    msg_type: Literal["kill_agent"] = "kill_agent"
    agent: Name
    started_at: Timestamp


class Ping(Command):
    """Ask whether anyone is there: the workflow runner, or the agent manager of `username`."""

    time_to_live_s = COMMAND_LIVES_S
    msg_type: Literal["ping"] = "ping"
    username: Name | None = None

    @property
    def destination(self) -> str:
        """The queue of whoever is asked."""
        return super().destination if self.username is None else destinations.testbed_control(self.username)

    @classmethod
    def addresses(cls) -> tuple[str, ...]:
        """Both queues."""
        return (*super().addresses(), _MANAGERS)


class Reply(Message):
    """The answer to a command: `ok`, or an `error` that says what to do; `done` is what was done.

    It goes where the command's `reply_to` says.
    """

    time_to_live_s = COMMAND_LIVES_S
    msg_type: Literal["reply"] = "reply"
    correlation_id: UUID
    ok: bool
    error: ShortText | None = None
    done: dict[str, Any] = Field(default_factory=dict)

    @property
    def destination(self) -> str:
        """Not known to the reply itself: the asker names it."""
        raise Refused("a reply has no destination of its own: send it to the command's reply_to")

    @classmethod
    def addresses(cls) -> tuple[str, ...]:
        """None that could be written down."""
        return ()
