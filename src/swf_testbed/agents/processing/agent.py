"""The agent: hears of runs and files, lets an engine process them, and says what came of it."""

import logging
from collections.abc import Sequence
from typing import ClassVar

from swf_testbed.adapters.production import JobReport, JobState, Production, TaskOrder
from swf_testbed.agents.processing.ledger import AGENT_TYPE, Ledger, job_of
from swf_testbed.agents.processing.opening import open_production
from swf_testbed.agents.processing.reports import Reports
from swf_testbed.agents.processing.results import Results
from swf_testbed.config.parameters import StfProcessing
from swf_testbed.messages import EndRun, ProcessingComplete, RunImminent, StfReady
from swf_testbed.model.names import dataset_name
from swf_testbed.runtime import AgentContext, BaseAgent, handles

_log = logging.getLogger(__name__)


class ProcessingAgent(BaseAgent):
    """Whole STFs of a run are one task; a file's record follows its job.

    What it knows of files stands in the monitor, what they gave in files: killed at any moment, the next
    one goes on with what has no last word.
    """

    agent_type: ClassVar[str] = AGENT_TYPE

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._results = Results(context.settings.swf_home / "var" / "processing" / context.namespace)
        self._ledger = Ledger(context)
        self._productions: dict[str, Production] = {}
        self._orders: dict[int, TaskOrder] = {}
        self._executions: dict[int, str | None] = {}
        self._ended: set[int] = set()
        self._reports = Reports(self._note, self.stopping)

    # What it hears.

    @handles(RunImminent)
    def announce(self, said: RunImminent) -> None:
        """Make the task before the first file is there."""
        self._order(said.run_id, said.execution_id)

    @handles(StfReady, batch=50)
    def take(self, files: Sequence[StfReady]) -> None:
        """Note files, and hand them to the engine."""
        self._ledger.received(files, self._rules(files[0].execution_id).engine)
        self._offer(files)

    @handles(EndRun)
    def end(self, said: EndRun) -> None:
        """No more files will come."""
        order = self._order(said.run_id, said.execution_id)
        self._production(said.execution_id).finish(order)
        self._ended.add(said.run_id)
        self._conclude(said.run_id)

    # Its life.

    def on_start(self) -> None:
        """Go on with what has no last word."""
        self._ended |= set(self._ledger.ended_runs())
        waiting = list(self._ledger.unfinished())
        if waiting:
            _log.info("going on with %d STFs", len(waiting))
            self._offer(waiting)
        for run_number in sorted(self._ended):
            self._conclude(run_number)

    def on_stop(self) -> None:
        """What runs here is ended, and begun again by the next one."""
        for production in self._productions.values():
            production.stop()
        self._reports.stop()

    # What it does.

    def _rules(self, execution_id: str | None) -> StfProcessing:
        return self.context.parameters(execution_id).stf_processing

    def _production(self, execution_id: str | None) -> Production:
        engine = self._rules(execution_id).engine
        if engine not in self._productions:
            own = self.context.parameters(None)
            scratch = self.context.settings.swf_home / "var" / "scratch"
            production = open_production(engine, own, self.context.settings, scratch, self._results.keep)
            production.start(self._reports.put)
            self._productions[engine] = production
        return self._productions[engine]

    def _order(self, run_number: int, execution_id: str | None) -> TaskOrder:
        if execution_id is not None:
            self._executions[run_number] = execution_id
        if run_number not in self._orders:
            rules = self._rules(execution_id)
            name = f"user.{self.context.user}.swf.{run_number}.processed"
            order = TaskOrder(
                run_number=run_number,
                # PanDA finds a task by the name of what it writes.
                name=name,
                dataset=dataset_name(run_number),
                outputs=name,
                payload=rules.payload,
                attempts=rules.attempts,
                workers=rules.stf_worker_count,
                cores=rules.stf_core_count,
                seconds=rules.time_limit,
            )
            self._production(execution_id).begin(order)
            self._orders[run_number] = order
        return self._orders[run_number]

    def _offer(self, files: Sequence[StfReady]) -> None:
        for said in files:
            order = self._order(said.run_id, said.execution_id)
            self._production(said.execution_id).offer(order, [job_of(said)])

    def _note(self, reports: Sequence[JobReport]) -> None:
        """Records, messages, and the end of a run; from the thread of reports."""
        self._ledger.reported(reports)
        last = [report for report in reports if report.state is not JobState.RUNNING]
        runs = {report.run_number for report in last}
        for run_number in runs:
            self._results.tell(self.context.monitor, run_number)
        self.context.bus.publish_many(self._complete(report) for report in last)
        for run_number in runs:
            self._conclude(run_number)

    def _complete(self, report: JobReport) -> ProcessingComplete:
        return self.context.message(
            ProcessingComplete,
            run_id=report.run_number,
            execution_id=self._executions.get(report.run_number),
            filename=report.filename,
            status=report.state.value,
            panda_task_id=report.task_id,
            outputs=report.outputs,
        )

    def _conclude(self, run_number: int) -> None:
        """Say that a run is done when it has ended and each of its files has a last word."""
        if run_number not in self._ended:
            return
        files, ended = self._ledger.known(run_number)
        if files == ended > 0:
            execution_id = self._executions.get(run_number)
            said = self.context.message(
                ProcessingComplete,
                run_id=run_number,
                execution_id=execution_id,
                dataset=dataset_name(run_number),
                status="finished",
            )
            self.context.bus.publish(said)
