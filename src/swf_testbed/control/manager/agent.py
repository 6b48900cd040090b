"""The agent manager as an agent: commands on its user's queue, answered when they are carried out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from pydantic import BaseModel

from swf_testbed.config.environment import load_settings, username
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.manager import started
from swf_testbed.control.manager.documents import ManagerState
from swf_testbed.messages import KillAgent, Ping, Restart, StartTestbed, Status, StopTestbed
from swf_testbed.messages.control import Command
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused, SwfError
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.answering import reply
from swf_testbed.runtime.handlers import Handler

TYPE = "agent_manager"

_log = logging.getLogger(__name__)


class AgentManager(BaseAgent):
    """Starts and stops its user's agents.

    Commands that take long are carried out one after the other beside the thread that hears, so that `ping`
    and `status` are answered at once. A command is carried out while its sender waits, or not at all: one
    that was under way when the manager died is not begun again.
    """

    agent_type: ClassVar[str] = TYPE
    everybody: ClassVar[bool] = True

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._jobs = ThreadPoolExecutor(max_workers=1, thread_name_prefix="commands")
        self._busy: str | None = None
        self._lock = threading.Lock()

    @classmethod
    def client_id(cls, namespace: str) -> str:
        """One of a user at a broker, whatever the namespace."""
        return f"{TYPE}.{username()}"

    @classmethod
    def heard(cls, namespace: str) -> dict[str, dict[str, Handler]]:
        """The user's own queue."""
        return {destinations.testbed_control(username()): cls.handlers}

    def metadata(self) -> dict[str, Any]:
        """Where it is reached, and what it is doing."""
        return {"control_queue": destinations.testbed_control(username()), "busy": self._busy}

    def on_stop(self) -> None:
        """A command that is under way is carried out; those that wait are not begun."""
        self._jobs.shutdown(wait=True, cancel_futures=True)

    @handles(StartTestbed)
    def start_testbed(self, command: StartTestbed) -> None:
        """Start the agents of a configuration."""
        self._later(command, lambda home: started.start(home, command.config_name, _log.info))

    @handles(StopTestbed)
    def stop_testbed(self, command: StopTestbed) -> None:
        """Stop the agents; services stay."""
        self._later(command, started.stop)

    @handles(Restart)
    def restart(self, command: Restart) -> None:
        """Stop the agents, and start them with the environment as it is now."""
        self._later(command, lambda home: started.restart(home, _log.info))

    @handles(Status)
    def status(self, command: Status) -> None:
        """Say what runs."""
        self._now(command, started.user_testbed)

    @handles(KillAgent)
    def kill_agent(self, command: KillAgent) -> None:
        """Kill a process that we started."""
        self._now(command, lambda home: started.kill_agent(home, command.agent, command.started_at))

    @handles(Ping)
    def ping(self, command: Ping) -> None:
        """Say that we are here."""
        self._now(command, self._state)

    def _state(self, home: Settings) -> ManagerState:
        context = self.context
        return ManagerState(
            name=context.name,
            user=context.user,
            hostname=context.hostname,
            pid=context.pid,
            home=str(home.swf_home),
            namespace=context.namespace,
            control_queue=destinations.testbed_control(username()),
            busy=self._busy,
        )

    def _later(self, command: Command, act: Callable[[Settings], BaseModel]) -> None:
        def job() -> None:
            self._busy = command.msg_type
            self.beat_now()
            try:
                self._now(command, act)
            finally:
                self._busy = None
                self.beat_now()

        self._jobs.submit(job)

    def _now(self, command: Command, act: Callable[[Settings], BaseModel]) -> None:
        """Do, with the settings as they are now, and answer; nothing is tried again unasked."""
        _log.info("%s, asked by %s", command.msg_type, command.requested_by)
        done: dict[str, Any] = {}
        error = None
        try:
            done = act(self._settings()).model_dump(mode="json")
        except SwfError as problem:
            error = str(problem)
        except Exception as problem:
            _log.exception("%s failed", command.msg_type)
            error = f"{command.msg_type} failed: {problem}; the agent manager's log tells more"
        if error is not None:
            _log.warning("%s: %s", command.msg_type, error)
        try:
            reply(self.context, command, done, error)
        except SwfError as problem:
            _log.warning("%s: the answer was not heard: %s", command.msg_type, problem)

    def _settings(self) -> Settings:
        home = load_settings()
        namespace = instance_namespace(home.swf_home, home.swf_testbed_config)
        if namespace != self.context.namespace:
            raise Refused(
                f"testbed.toml now says namespace {namespace}, but this agent manager runs as "
                f"{self.context.namespace}; start it again"
            )
        return home
