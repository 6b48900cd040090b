"""The worker: takes slices from the queue one at a time, decodes their hits, fills histograms, answers."""

import logging
import os
import socket
from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.fill import products_of_frames
from swf_testbed.messages import (
    Slice,
    SliceContent,
    SliceResult,
    SliceResultContent,
    SliceResultState,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
)
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadData, SwfError, readable
from swf_testbed.model.status import (
    SLICE_ATTEMPTS,
    AgentStatus,
    OperationalState,
    SliceOutcome,
    WorkerStatus,
)
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.presence import Presence
from swf_testbed.stf.reader import StfReader

_log = logging.getLogger(__name__)


class Worker(BaseAgent):
    """One process of the pool; the broker gives what it held to another if it dies."""

    agent_type: ClassVar[str] = "worker"
    prefetch: ClassVar[int] = 1
    heartbeat_s: ClassVar[float] = 5.0
    alone: ClassVar[bool] = False

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self.worker_id = f"worker-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self.started_at = now()
        self.completed = 0
        self._current: SliceContent | None = None

    def presence(self) -> Presence:
        """By heartbeats on the bus: a pool of many must cost the monitor nothing."""
        return _BusPresence(self)

    @handles(Slice)
    def process(self, piece: Slice) -> None:
        """Work on a slice, and say what became of it."""
        started = now()
        self._current = piece.content
        self.say_how_it_is(WorkerStatus.BUSY)
        try:
            said = self._work(piece.content)
        except SwfError as error:
            self._give_back(piece, started, error)
        except Exception as error:
            _log.exception("slice %s", piece.content.req_id)
            self._give_back(piece, started, error)
        else:
            self._answer(piece, started, SliceOutcome.DONE, **said)
            self.completed += 1
        finally:
            self._current = None

    def _work(self, content: SliceContent) -> dict[str, Any]:
        with StfReader.open(content.file_url) as reader:
            numbers = [tf for tf in reader.tf_numbers().tolist() if content.start <= tf <= content.end]
            if len(numbers) != content.tf_count:
                raise BadData(
                    f"{content.tf_filename} has {len(numbers)} frames from {content.start} to {content.end}, "
                    f"not {content.tf_count}"
                )
            products, problems = products_of_frames(reader, numbers)
            read = {"bytes_read": reader.bytes_read, "requests": reader.requests}
        return {"histograms": encode(products), "result": {**read, "problems": problems[:20]}}

    def _give_back(self, piece: Slice, started: datetime, error: Exception) -> None:
        """Another worker may try, unless the data are bad or it was tried often enough."""
        content = piece.content
        if isinstance(error, BadData) or content.attempt >= SLICE_ATTEMPTS:
            self._answer(
                piece, started, SliceOutcome.FAILED, error=readable(f"{type(error).__name__}: {error}")
            )
            return
        _log.warning("slice %s, attempt %d: %s", content.req_id, content.attempt, error)
        again = content.model_copy(update={"attempt": content.attempt + 1, "substate": "retry"})
        self.context.bus.publish(
            self.context.message(Slice, cause=piece, instance=piece.instance, content=again)
        )

    def _answer(
        self,
        piece: Slice,
        started: datetime,
        outcome: SliceOutcome,
        *,
        histograms: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        content = piece.content
        said = SliceResultContent(
            slice_id=content.slice_id,
            tf_filename=content.tf_filename,
            filename=content.filename,
            attempt=content.attempt,
            requested_at=piece.created_at,
            processing_start_at=started,
            processed_at=now(),
            egress_at=content.egress_at,
            state=outcome,
            hostname=self.context.hostname,
            worker_id=self.worker_id,
            result=SliceResultState(state=outcome, result=result, error=error),
            tf_count=content.tf_count,
            histograms=histograms,
        )
        self.context.bus.publish(
            self.context.message(SliceResult, cause=piece, instance=self.context.name, content=said)
        )

    def say_how_it_is(self, status: WorkerStatus) -> None:
        """A heartbeat on the bus."""
        current = self._current
        content = WorkerHeartbeatContent(
            worker_id=self.worker_id,
            hostname=self.context.hostname,
            state=status,
            slices_completed=self.completed,
            current_slice=current.req_id if current else None,
            tf_filename=current.tf_filename if current else None,
            slice_id=current.slice_id if current else None,
            started_at=self.started_at,
        )
        self.context.bus.publish(
            self.context.message(
                WorkerHeartbeat,
                run_id=current.run_id if current else None,
                execution_id=current.execution_id if current else None,
                content=content,
            )
        )


class _BusPresence:
    """Presence of a worker on the bus."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def register(self) -> str:
        """A worker names itself: it must not need the monitor."""
        return self._worker.worker_id

    def beat(self, state: OperationalState, status: AgentStatus) -> None:
        """Say how the worker is."""
        if status is AgentStatus.EXITED:
            said = WorkerStatus.ENDED
        elif state is OperationalState.STARTING:
            said = WorkerStatus.STARTING
        elif state is OperationalState.PROCESSING:
            said = WorkerStatus.BUSY
        else:
            said = WorkerStatus.IDLE
        self._worker.say_how_it_is(said)
