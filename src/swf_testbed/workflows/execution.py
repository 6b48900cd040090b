"""One execution of a workflow in a thread of its own: the simulated DAQ takes one run."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from swf_testbed.config.documents import Configuration
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.plan import plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.messages.lifecycle import COMPLETED
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.runtime import AgentContext
from swf_testbed.runtime.patience import Stopping, persist
from swf_testbed.runtime.work import working_on
from swf_testbed.workflows.ledger import Ledger

_log = logging.getLogger(__name__)


def run_folder(state_dir: Path, run_number: int) -> Path:
    """Where the exit buffer keeps the STF files of a run."""
    return state_dir / "exit-buffer" / str(run_number)


class Execution:
    """Runs until the plan is done or `stop` is called; `ended` is called last, with the execution's id."""

    def __init__(
        self,
        context: AgentContext,
        ledger: Ledger,
        execution_id: str,
        run_number: int,
        configuration: Configuration,
        *,
        realtime: bool,
        ended: Callable[[str], None],
    ) -> None:
        self.execution_id, self.run_number = execution_id, run_number
        self._context, self._ledger, self._ended = context, ledger, ended
        self._environment = DaqEnvironment(paced=realtime)
        self._simulation = configuration.parameters.simulation
        self.simulator = DaqSimulator(
            RunIdentity(context.namespace, context.name, execution_id, run_number),
            configuration.parameters,
            self._buffer(run_number),
            context.bus.publish,
            self._environment,
            next_run=self._next_run if configuration.parameters.daq_state_machine.schedule else None,
        )
        self._thread = threading.Thread(target=self._run, name=execution_id)

    def _buffer(self, run_number: int) -> ExitBuffer:
        folder = run_folder(self._context.settings.state_dir, run_number)
        return ExitBuffer(folder, run_number, self._simulation)

    def _next_run(self) -> tuple[int, ExitBuffer]:
        number = self._ledger.next_run_number()
        _log.info("%s takes run %d", self.execution_id, number)
        return number, self._buffer(number)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, reason: str) -> None:
        """End the run in good order: `end_run` is said, and the execution is `terminated`."""
        self._environment.stop(reason)

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        with working_on(execution_id=self.execution_id, run_id=self.run_number):
            self._take_run()

    def _take_run(self) -> None:
        status = ExecutionStatus.COMPLETED
        error: BaseException | str | None = None
        try:
            reason = self.simulator.run(self.simulator.walk(plan(self.simulator.parameters)))
            if reason != COMPLETED:
                status, error = ExecutionStatus.TERMINATED, reason
        except Exception as failure:
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
        metrics = {"stf_files": self.simulator.stf_files, "drift_s": round(self._environment.drift_s, 3)}
        self._ledger.end(self.execution_id, status, metrics=metrics, error=error)
        _log.info("%s %s: %s", self.execution_id, status.value, metrics)


def _log_retry(error: Exception, delay: float) -> None:
    _log.warning("recording the end: again in %.1f s: %s", delay, error)
