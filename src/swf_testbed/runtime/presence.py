"""How an agent is seen: registered in the monitor, and heard of regularly while handlers work."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from swf_testbed.model.errors import SwfError
from swf_testbed.model.names import AgentName
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.records import SystemAgent
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.context import AgentContext

HEARTBEAT_S = 30.0
"""An agent counts as gone after 3 minutes, so five in a row may be lost."""

_log = logging.getLogger(__name__)


class Presence(Protocol):
    """Tells others that the agent lives."""

    def register(self) -> str:
        """Make the agent known; its name."""

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """Say how it is now."""


class MonitorPresence:
    """Presence by the monitor's REST interface; `more` is said with each beat beside the counts."""

    def __init__(
        self, agent_type: str, context: AgentContext, activity: Activity, more: Callable[[], dict[str, Any]]
    ) -> None:
        self._type, self._context, self._activity, self._more = agent_type, context, activity, more
        self._record: SystemAgent | None = None

    def register(self) -> str:
        """Take the next name of this type from the monitor."""
        context = self._context
        name = str(AgentName(self._type, context.user, context.monitor.next_agent_id()))
        self._record = SystemAgent(
            instance_name=name,
            agent_type=self._type,
            pid=context.pid,
            hostname=context.hostname,
            namespace=context.namespace,
            workflow_enabled=True,
        )
        return name

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """One request; a monitor that does not answer is not waited for."""
        if self._record is None:
            return
        said = {
            "status": status,
            "operational_state": state,
            "total_stf_processed": self._activity.handled,
            "metadata": {
                "failed": self._activity.failed,
                "skipped": self._activity.skipped,
                "held_back": self._context.bus.held_back,
                **self._more(),
            },
        }
        self._context.monitor.heartbeat(self._record.model_copy(update=said))


class Heart:
    """A thread that beats every `interval_s` seconds, and at once when the agent is done starting or ending.

    Changes between READY and PROCESSING travel with the next regular beat: saying each would cost a
    request a message.
    """

    def __init__(self, presence: Presence, activity: Activity, interval_s: float) -> None:
        self._presence, self._activity, self._interval_s = presence, activity, interval_s
        self._now = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heart", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def beat_now(self) -> None:
        """Beat at once."""
        self._now.set()

    def stop(self) -> None:
        """One last beat, that says EXITED."""
        self._ended.set()
        self._now.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._beat(AgentStatus.EXITED)

    def _beat_on(self) -> None:
        while not self._ended.is_set():
            self._beat(AgentStatus.OK)
            self._now.wait(self._interval_s)
            self._now.clear()

    def _beat(self, status: AgentStatus) -> None:
        try:
            self._presence.beat(self._activity.state, status)
        except SwfError as error:
            _log.warning("heartbeat not heard: %s", error)
