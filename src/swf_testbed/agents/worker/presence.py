"""How a worker is seen: by what it says on the bus."""

from collections.abc import Callable

from swf_testbed.agents.worker.lifetime import Lifetime
from swf_testbed.model.status import AgentStatus, OperationalState, WorkerStatus


class BusPresence:
    """Presence of a worker on the bus.

    Args:
        worker_id: its name.
        lifetime: says whether it is draining.
        say: sends a heartbeat.
    """

    def __init__(self, worker_id: str, lifetime: Lifetime, say: Callable[[WorkerStatus], None]) -> None:
        self._worker_id, self._lifetime, self._say = worker_id, lifetime, say

    def register(self) -> str:
        """A worker names itself: it must not need the monitor."""
        return self._worker_id

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """Say how the worker is."""
        if status is AgentStatus.EXITED:
            said = WorkerStatus.ENDED
        elif self._lifetime.draining:
            said = WorkerStatus.DRAINING
        elif state is OperationalState.STARTING:
            said = WorkerStatus.STARTING
        elif state is OperationalState.PROCESSING:
            said = WorkerStatus.BUSY
        else:
            said = WorkerStatus.IDLE
        self._say(said)
