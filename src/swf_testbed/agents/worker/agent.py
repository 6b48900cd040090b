"""The worker: takes slices from the queue one at a time, runs their payload, answers."""

import logging
import os
import socket
import time
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from swf_testbed.agents.worker.lifetime import Lifetime
from swf_testbed.agents.worker.presence import BusPresence
from swf_testbed.config.payloads import HISTOGRAMS
from swf_testbed.messages import (
    DrainWorker,
    Slice,
    SliceContent,
    SliceResult,
    SliceResultContent,
    SliceResultState,
    WorkerHeartbeat,
    WorkerHeartbeatContent,
)
from swf_testbed.model.clock import now
from swf_testbed.model.errors import Refused, SwfError
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.status import SLICE_ATTEMPTS, SliceOutcome, WorkerStatus
from swf_testbed.payloads import ExitCode, Outcome, Payload, Work, definition_of, open_payload
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.patience import Stopping
from swf_testbed.runtime.presence import Presence

SAID_EVERY_S = 0.2
"""Slices that take less are not told one by one."""

PASSES, PASS_ON_S = 3, 0.2
"""How often a worker leaves a slice that it has failed to another, and how long it waits before."""

_log = logging.getLogger(__name__)


class Worker(BaseAgent):
    """One process of the pool; the broker gives what it held to another if it dies.

    A worker that a pool has started keeps its own idle timeout and walltime.
    """

    agent_type: ClassVar[str] = "worker"
    prefetch: ClassVar[int] = 1
    heartbeat_s: ClassVar[float] = 5.0
    alone: ClassVar[bool] = False

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self.worker_id = f"worker-{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self.started_at = now()
        self.completed = self.failed = 0
        self.busy_s = 0.0
        self._current: SliceContent | None = None
        self._said_at = 0.0
        self._payloads: dict[str, Payload] = {}
        self._passed: dict[str, int] = {}
        parameters = context.parameters(None)
        self._definitions = parameters.payloads
        pooled = context.settings.swf_worker_pool is not None
        self.lifetime = Lifetime(parameters.pool if pooled else None, self.stop, self._give_up)

    def presence(self) -> Presence:
        """By heartbeats on the bus: a pool of many must cost the monitor nothing."""
        return BusPresence(self.worker_id, self.lifetime, self.say_how_it_is)

    def on_start(self) -> None:
        """Have the usual payload ready, so that the first slice need not wait for it."""
        self._payload(HISTOGRAMS)
        self.lifetime.start()

    def on_stop(self) -> None:
        """End what payloads still do: the broker has the slice."""
        self.lifetime.stop()
        self._give_up()

    def _give_up(self) -> None:
        self.stopping.set()
        for payload in list(self._payloads.values()):
            payload.close()

    # What it hears.

    @handles(DrainWorker, at_once=True)
    def drain(self, said: DrainWorker) -> None:
        """End after the slice in hand, if it is this worker that is meant."""
        if said.content.worker_id == self.worker_id:
            self.lifetime.drain(said.content.reason)
            self.beat_now()

    @handles(Slice)
    def process(self, piece: Slice) -> None:
        """Work on a slice, and say what became of it."""
        content = piece.content
        if self._left_to_another(piece):
            return
        with self.lifetime.busy():
            started = now()
            self._current = content
            self._say_busy()
            try:
                outcome = self._run(content)
                if self.stopping.is_set() and not outcome.done:
                    raise Stopping  # not the slice's fault: the broker gives it to another
                self._tell(piece, started, outcome)
            finally:
                self.busy_s += (now() - started).total_seconds()
                self._current = None

    def _left_to_another(self, piece: Slice) -> bool:
        """Whether somebody else may try what this worker has failed; who is alone tries again itself."""
        content = piece.content
        key = f"{content.run_id}/{content.req_id}/{content.attempt}"
        passed = self._passed.get(key, 0)
        if self.worker_id not in content.tried_by or passed >= PASSES:
            self._passed.pop(key, None)
            return False
        self._passed[key] = passed + 1
        self.stopping.wait(PASS_ON_S)
        self.context.bus.publish(piece)
        return True

    # The work.

    def _run(self, content: SliceContent) -> Outcome:
        try:
            payload = self._payload(content.payload)
        except SwfError as error:
            return Outcome(ExitCode.TRY_LATER, error=str(error))
        return payload.run(Work.of_slice(content, self.lifetime.deadline))

    def _payload(self, name: str) -> Payload:
        found = self._payloads.get(name)
        if found is None:
            definition = definition_of(name, self._definitions)
            scratch = self.context.settings.state_dir / "payloads" / self.worker_id
            found = self._payloads[name] = open_payload(definition, scratch)
        return found

    def _tell(self, piece: Slice, started: datetime, outcome: Outcome) -> None:
        if outcome.done:
            try:
                self._answer(piece, started, outcome)
            except Refused as error:  # too large, for instance: no broker will ever take it
                outcome = Outcome(ExitCode.BAD_DATA, error=str(error))
            else:
                self.completed += 1
                return
        content = piece.content
        if outcome.try_again and content.attempt < SLICE_ATTEMPTS:
            self._give_back(piece, outcome)
        else:
            self.failed += 1
            self._answer(piece, started, outcome)

    def _give_back(self, piece: Slice, outcome: Outcome) -> None:
        """Another worker may try."""
        content = piece.content
        _log.warning("slice %s, attempt %d: %s", content.req_id, content.attempt, outcome.error)
        again = content.model_copy(
            update={
                "attempt": content.attempt + 1,
                "substate": "retry",
                "tried_by": (*content.tried_by, self.worker_id),
            }
        )
        self.context.bus.publish(
            self.context.message(Slice, cause=piece, instance=piece.instance, content=again)
        )

    def _answer(self, piece: Slice, started: datetime, outcome: Outcome) -> None:
        content = piece.content
        state = SliceOutcome.DONE if outcome.done else SliceOutcome.FAILED
        error = None if outcome.done else f"{outcome.error} (attempt {content.attempt})"[-SHORT_TEXT_CHARS:]
        said = SliceResultContent(
            slice_id=content.slice_id,
            tf_filename=content.tf_filename,
            filename=content.filename,
            attempt=content.attempt,
            requested_at=piece.created_at,
            processing_start_at=started,
            processed_at=now(),
            egress_at=content.egress_at,
            state=state,
            final=True,
            hostname=self.context.hostname,
            worker_id=self.worker_id,
            result=SliceResultState(state=state, result=outcome.result, error=error),
            tf_count=content.tf_count,
            histograms=outcome.histograms,
        )
        self.context.bus.publish(
            self.context.message(SliceResult, cause=piece, instance=self.context.name, content=said)
        )

    # What it says of itself.

    def _say_busy(self) -> None:
        if time.monotonic() - self._said_at >= SAID_EVERY_S:
            self.say_how_it_is(WorkerStatus.BUSY)

    def say_how_it_is(self, status: WorkerStatus) -> None:
        """A heartbeat on the bus."""
        self._said_at = time.monotonic()
        current, environment = self._current, self.context.settings
        content = WorkerHeartbeatContent(
            worker_id=self.worker_id,
            hostname=self.context.hostname,
            state=status,
            slices_completed=self.completed,
            slices_failed=self.failed,
            busy_s=self.busy_s,
            current_slice=current.req_id if current else None,
            tf_filename=current.tf_filename if current else None,
            slice_id=current.slice_id if current else None,
            started_at=self.started_at,
            pool=environment.swf_worker_pool,
            number=environment.swf_worker_number,
            job=environment.swf_worker_job,
            reason=self.lifetime.reason or None,
        )
        self.context.bus.publish(
            self.context.message(
                WorkerHeartbeat,
                run_id=current.run_id if current else None,
                execution_id=current.execution_id if current else None,
                content=content,
            )
        )
