"""How a worker is seen: by what it says on the bus."""

from typing import TYPE_CHECKING

from swf_testbed.model.status import AgentStatus, OperationalState, WorkerStatus

if TYPE_CHECKING:
    from swf_testbed.agents.worker.agent import Worker


class BusPresence:
    """Presence of a worker on the bus."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker

    def register(self) -> str:
        """A worker names itself: it must not need the monitor."""
        return self._worker.worker_id

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """Say how the worker is."""
        if status is AgentStatus.EXITED:
            said = WorkerStatus.ENDED
        elif self._worker.lifetime.draining:
            said = WorkerStatus.DRAINING
        elif state is OperationalState.STARTING:
            said = WorkerStatus.STARTING
        elif state is OperationalState.PROCESSING:
            said = WorkerStatus.BUSY
        else:
            said = WorkerStatus.IDLE
        self._worker.say_how_it_is(said)
