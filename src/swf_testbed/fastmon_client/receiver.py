"""A receiver elsewhere: seen in the monitor as an agent and a subscriber, it goes on where it left off."""

import logging
import os
import socket
import threading
from collections.abc import Mapping
from typing import Self

from swf_testbed.config.environment import username
from swf_testbed.config.settings import Settings
from swf_testbed.model.clock import now
from swf_testbed.model.errors import NotFound, Refused, SwfError
from swf_testbed.model.status import AGENT_STALE_S, AgentStatus, DeliveryType, OperationalState
from swf_testbed.monitor_client import Event, MonitorClient
from swf_testbed.records import Subscriber, SystemAgent

AGENT_TYPE = "sse_receiver"

BEAT_S = 15.0
"""How often it tells that it lives and how far it has come: as much comes again if it is killed."""

_POSITION = "last_event_id"
_log = logging.getLogger(__name__)


def receiver_name(settings: Settings) -> str:
    """`SWF_SSE_RECEIVER_NAME`, or a name that is this user's on this machine."""
    return settings.swf_sse_receiver_name or f"{AGENT_TYPE}-{username()}-{socket.gethostname()}"


class Receiver:
    """The standing of one receiver; enter it to be registered, leave it to be signed off.

    Two requests a beat, whatever the number of messages. What was received since the last beat comes again
    after a kill; after an orderly end nothing does. Nothing is missed from its first life on.

    Args:
        monitor: with a token that may write.
        name: of the receiver; one lives at a time.
        namespace: whose agent it is, if the token may act there; None for none.
        filters: what it asked for, to be shown.
        begin: the number after which to begin; None goes on after the last message of an earlier life, in the
            first one with what comes now.

    Raises:
        Refused: another of this name lives.
    """

    def __init__(
        self,
        monitor: MonitorClient,
        name: str,
        namespace: str | None,
        filters: Mapping[str, str],
        begin: int | None = None,
    ) -> None:
        self._monitor, self.name, self._filters = monitor, name, dict(filters)
        self._agent = _agent(name, {} if namespace is None else {"namespace": namespace})
        self.received = 0
        """Messages, over all its lives."""

        self._begin = begin
        self.position = 0
        """The number up to which everything was received, in this life or before; known once entered."""

        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="receiver-beat", daemon=True)

    def __enter__(self) -> Self:
        self._refuse_if_alive()
        self._recall()
        self.position = self._monitor.newest_event_id() if self._begin is None else self._begin
        try:
            self._say(OperationalState.READY, AgentStatus.OK, connected_at=now())
        except Refused:
            if self._agent.namespace is None:
                raise
            # Who may not act in the namespace may listen all the same, as an agent of none.
            self._agent = _agent(self.name, {})
            self._say(OperationalState.READY, AgentStatus.OK, connected_at=now())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(5)
        try:
            self._say(OperationalState.EXITED, AgentStatus.EXITED, disconnected_at=now())
        except SwfError as error:
            _log.warning("the end of %s could not be told: %s", self.name, error)

    def note(self, event: Event) -> None:
        """Count a message that was dealt with; it does not come again after the next beat."""
        self.received += 1
        self.position = event.id

    def _refuse_if_alive(self) -> None:
        try:
            other = self._monitor.get(SystemAgent, self.name)
        except NotFound:
            return
        if other.agent_type != AGENT_TYPE:
            raise Refused(f"{self.name} is the name of a {other.agent_type} agent: choose another")
        if other.status is AgentStatus.EXITED or other.last_heartbeat is None:
            return
        age_s = (now() - other.last_heartbeat).total_seconds()
        if age_s < AGENT_STALE_S and not _is_dead(other):
            raise Refused(
                f"a receiver {self.name} lives already (process {other.pid} on {other.hostname}, heard "
                f"{age_s:.0f} s ago): give this one another SWF_SSE_RECEIVER_NAME, or end that one"
            )

    def _recall(self) -> None:
        try:
            before = self._monitor.get(Subscriber, self.name)
        except NotFound:
            return
        position = before.metadata.get(_POSITION)
        self._begin = position if self._begin is None and isinstance(position, int) else self._begin
        self.received = before.messages_received

    def _say(self, state: OperationalState, status: AgentStatus, **times: object) -> None:
        said = {"status": status, "operational_state": state, "metadata": {"received": self.received}}
        self._monitor.heartbeat(self._agent.model_copy(update=said))
        subscriber = Subscriber.model_validate(
            {
                "subscriber_name": self.name,
                "delivery_type": DeliveryType.SSE,
                "is_active": status is AgentStatus.OK,
                "message_filters": self._filters,
                "messages_received": self.received,
                "metadata": {_POSITION: self.position},
                **times,
            }
        )
        self._monitor.upsert([subscriber])

    def _beat_on(self) -> None:
        while not self._ending.wait(BEAT_S):
            try:
                self._say(OperationalState.READY, AgentStatus.OK)
            except SwfError as error:
                _log.warning("the monitor did not hear that %s lives: %s", self.name, error)


def _agent(name: str, more: Mapping[str, str]) -> SystemAgent:
    return SystemAgent.model_validate(
        {
            "instance_name": name,
            "agent_type": AGENT_TYPE,
            "pid": os.getpid(),
            "hostname": socket.gethostname(),
            "workflow_enabled": False,
            **more,
        }
    )


def _is_dead(other: SystemAgent) -> bool:
    """Whether it ran on this machine and does not any more."""
    if other.hostname != socket.gethostname() or other.pid is None:
        return False
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return other.pid == os.getpid()
