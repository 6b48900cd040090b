"""A recorded execution, played again from the store into a scratch namespace."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from swf_testbed.bus import Bus
from swf_testbed.config.environment import username
from swf_testbed.control.scratch import Scratch
from swf_testbed.messages import EndRun, Message, RunImminent, StfGen
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, NotFound, Refused
from swf_testbed.model.names import check_namespace
from swf_testbed.model.states import BEAM_NOT_READY
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowExecution, WorkflowMessage

REPLAY_OF = "replay_of"
"""Where an execution's metadata keeps which one it repeats."""

_BATCH = 100
"""At most so many messages wait for their receipts together."""


@dataclass(frozen=True, slots=True)
class Played:
    """How far a replay has come: messages said, all there are, and those of types no longer known."""

    said: int
    total: int
    left_out: int = 0


class Replay:
    """One replay; a context manager that ends what it has begun, however it is left.

    Args:
        monitor: has the recorded messages.
        bus: where they are said again.
        execution_id: what is played.
        namespace: where; by default that of the execution with `-replay` behind it.
        speed: how many recorded seconds pass in one; 0 for as fast as it goes.

    Raises:
        NotFound: there is no such execution, or none of its messages are kept.
        Refused: it has not ended, or would be played into its own namespace.
        BadInput: speed or namespace cannot be.
    """

    def __init__(
        self,
        monitor: MonitorClient,
        bus: Bus,
        execution_id: str,
        *,
        namespace: str | None = None,
        speed: float = 1.0,
    ) -> None:
        if not 0 <= speed < float("inf"):
            raise BadInput("--speed", speed, "must be 0 (without pauses) or more")
        self._monitor, self._bus, self._speed = monitor, bus, speed
        self._recorded = _ended_execution(monitor, execution_id)
        chosen = check_namespace(namespace or f"{self._recorded.namespace}-replay")
        if chosen == self._recorded.namespace:
            raise Refused(
                f"{execution_id} was recorded in {chosen}: choose another --namespace to play it in"
            )
        self.scratch = Scratch(chosen, execution_id)
        self.total = monitor.page(WorkflowMessage, execution_id=execution_id, limit=1).total
        if not self.total:
            raise NotFound(f"no messages of {execution_id} are kept")
        self.played = Played(0, self.total)
        self._open: Counter[int] = Counter()
        self._done = False

    def __enter__(self) -> Self:
        self._monitor.ensure_namespace(self.scratch.namespace)
        self._monitor.upsert(
            [
                WorkflowExecution(
                    execution_id=self.scratch.execution_id,
                    workflow_definition=self._recorded.workflow_definition,
                    namespace=self.scratch.namespace,
                    parameter_values=self._recorded.parameter_values,
                    status=ExecutionStatus.RUNNING,
                    start_time=now(),
                    executed_by=username(),
                    metadata={REPLAY_OF: self._recorded.execution_id},
                )
            ]
        )
        return self

    def __exit__(self, *_: object) -> None:
        for run, files in self._open.items():
            self._bus.publish(self._last_words(run, files))
        self._end(ExecutionStatus.COMPLETED if self._done else ExecutionStatus.TERMINATED)

    def __iter__(self) -> Iterator[Played]:
        """Play; how far it has come, after each batch.

        Raises:
            BadInput: a recorded message is none.
            Unavailable: monitor or broker do not answer.
        """
        begun = time.monotonic()
        batch: list[Message] = []
        for due_s, message in self._due():
            ahead = due_s - (time.monotonic() - begun)
            if batch and (ahead > 0 or len(batch) == _BATCH):
                yield self._say(batch)
                batch = []
                ahead = due_s - (time.monotonic() - begun)
            if ahead > 0:
                time.sleep(ahead)
            batch.append(message)
        self._done = True
        yield self._say(batch)

    def _due(self) -> Iterator[tuple[float, Message]]:
        """The messages in the order of their numbers, and when each is due, s since the beginning."""
        first: datetime | None = None
        last_s = 0.0
        for row in self._monitor.list(
            WorkflowMessage, execution_id=self._recorded.execution_id, ordering="id"
        ):
            message = self.scratch.message(row.message_content)
            if message is None:
                self.played = Played(self.played.said, self.total, self.played.left_out + 1)
                continue
            moment = _moment(row)
            first = first or moment
            last_s = max(last_s, (moment - first).total_seconds())
            yield (last_s / self._speed if self._speed else 0.0), message

    def _say(self, batch: list[Message]) -> Played:
        for message in batch:  # before they are said, as they may have been if it fails
            if isinstance(message, RunImminent):
                self._open[message.run_id] = 0
            elif isinstance(message, StfGen):
                self._open[message.run_id] += 1
        self._bus.publish_many(batch)
        for message in batch:
            if isinstance(message, EndRun):
                self._open.pop(message.run_id, None)
        self.played = Played(self.played.said + len(batch), self.total, self.played.left_out)
        return self.played

    def _last_words(self, run: int, files: int) -> EndRun:
        return EndRun(
            namespace=self.scratch.namespace,
            sender=f"replay-{username()}",
            execution_id=self.scratch.execution_id,
            run_id=run,
            state=BEAM_NOT_READY.state,
            substate=BEAM_NOT_READY.substate,
            simulation_tick=0.0,
            total_stf_files=files,
            reason="the replay ended before the run",
        )

    def _end(self, status: ExecutionStatus) -> None:
        said = {"messages": self.played.said, "left_out": self.played.left_out}
        self._monitor.upsert(
            [
                WorkflowExecution(
                    execution_id=self.scratch.execution_id,
                    status=status,
                    end_time=now(),
                    performance_metrics=said,
                )
            ]
        )


def _ended_execution(monitor: MonitorClient, execution_id: str) -> WorkflowExecution:
    execution = monitor.get(WorkflowExecution, execution_id)
    if not execution.status.terminal:
        raise Refused(f"{execution_id} is {execution.status.value}: replay it when it has ended")
    return execution


def _moment(row: WorkflowMessage) -> datetime:
    """When a message was said; simulated time, which may be ahead of the clock, is not believed."""
    moments = [moment for moment in (row.sent_at, row.received_at) if moment is not None]
    return min(moments, default=now())
