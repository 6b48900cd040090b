"""One execution of a workflow in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.simulator import RunIdentity
from swf_testbed.daq.stf_store import StfSlot, StfStore, WrittenStf
from swf_testbed.messages import Message
from swf_testbed.messages.lifecycle import COMPLETED
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.patience import Stopping, persist
from swf_testbed.runtime.work import working_on
from swf_testbed.workflows.environment import WorkflowEnvironment, WorkflowOptions
from swf_testbed.workflows.ledger import Ledger
from swf_testbed.workflows.meter import Meter
from swf_testbed.workflows.preparation import PreparedWorkflow

DRIFT_WARNING_S = 1.0
"""Farther behind the clock than this, a paced execution says so in the log."""

_log = logging.getLogger(__name__)


def run_folder(state_dir: Path, run_number: int) -> Path:
    """Where the exit buffer keeps the STF files of a run."""
    return state_dir / "exit-buffer" / str(run_number)


class Execution:
    """Runs until the workflow is done or `stop` is called; `ended` is called last, with its id."""

    def __init__(
        self,
        context: AgentContext,
        ledger: Ledger,
        execution_id: str,
        run_number: int,
        prepared: PreparedWorkflow,
        *,
        ended: Callable[[str], None],
    ) -> None:
        self.execution_id, self.run_number = execution_id, run_number
        self._context, self._ledger, self._prepared, self._ended = context, ledger, prepared, ended
        self._meter = Meter()
        self._parameters = prepared.parameters
        self._environment: WorkflowEnvironment[WorkflowOptions] = WorkflowEnvironment(
            RunIdentity(prepared.namespace, context.name, execution_id, run_number),
            self._parameters,
            prepared.options,
            self._store(run_number),
            self._say,
            self._next_run,
            paced=prepared.realtime,
        )
        self._thread = threading.Thread(target=self._run, name=execution_id)

    def _store(self, run_number: int) -> StfStore:
        folder = run_folder(self._context.settings.state_dir, run_number)
        # The buffer is one for all runs, so that its capacity is no run's own.
        capacity = self._context.parameters(None).data.buffer_capacity_bytes
        buffer = ExitBuffer(folder, run_number, self._parameters.simulation, capacity)
        return _MeteredStore(buffer, self._meter)

    def _next_run(self) -> tuple[int, StfStore]:
        number = self._ledger.next_run_number(self.execution_id)
        _log.info("%s takes run %d", self.execution_id, number)
        return number, self._store(number)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, reason: str) -> None:
        """End the run in good order: `end_run` is said, and the execution is `terminated`."""
        self._environment.stop(reason)

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def standing(self) -> dict[str, Any]:
        """How it is now."""
        environment = self._environment
        return {
            "execution_id": self.execution_id,
            "run_id": environment.run_number,
            "namespace": self._prepared.namespace,
            "state": environment.state,
            "stf_files": environment.stf_files,
            "simulated_s": round(environment.now, 3),
            "drift_s": round(environment.drift_s, 3),
        }

    def _say(self, message: Message) -> None:
        self._meter.timed("receipt", lambda: self._context.bus.publish(message))
        self._meter.count("messages")

    def _run(self) -> None:
        with working_on(execution_id=self.execution_id, run_id=self.run_number):
            self._take_run()

    def _take_run(self) -> None:
        status = ExecutionStatus.COMPLETED
        error: BaseException | str | None = None
        try:
            reason = self._environment.carry_out(self._prepared.code.execute)
            if reason != COMPLETED:
                status, error = ExecutionStatus.TERMINATED, reason
        except BaseException as failure:  # a workflow may even call exit()
            _log.exception("%s failed", self.execution_id)
            status, error = ExecutionStatus.FAILED, failure
        try:
            persist(lambda: self._write_end(status, error), threading.Event(), _log_retry)
        except Stopping:
            pass
        except Exception:
            _log.exception("the end of %s could not be recorded", self.execution_id)
        self._ended(self.execution_id)

    def _write_end(self, status: ExecutionStatus, error: BaseException | str | None) -> None:
        drift_s = round(self._environment.drift_s, 3)
        metrics = {**self._meter.figures(self._environment.now), "drift_s": drift_s}
        self._ledger.end(self.execution_id, status, metrics=metrics, error=error)
        _log.info("%s %s: %s", self.execution_id, status.value, metrics)
        if drift_s > DRIFT_WARNING_S:
            _log.warning("%s was up to %.1f s behind the clock", self.execution_id, drift_s)


class _MeteredStore:
    """A store whose writing is timed."""

    def __init__(self, store: StfStore, meter: Meter) -> None:
        self._store, self._meter = store, meter

    def write(self, stf: StfSlot) -> WrittenStf | None:
        written = self._meter.timed("write", lambda: self._store.write(stf))
        if written is not None:
            self._meter.count("stf_files")
            self._meter.count("stf_bytes", written.size_bytes)
        return written

    def count(self) -> int:
        return self._store.count()

    def lacks_room(self) -> str:
        return self._store.lacks_room()


def _log_retry(error: Exception, delay: float) -> None:
    _log.warning("recording the end: again in %.1f s: %s", delay, error)
