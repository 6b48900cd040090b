"""Keeps the view that the watcher's rules look at, and lets them look."""

import time
from collections.abc import Callable

from swf_testbed.adapters.storage import Storage
from swf_testbed.agents.data import taking_up
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.archive import Archive
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.agents.data.watcher.view import View
from swf_testbed.agents.data.watcher.watcher import Watcher
from swf_testbed.config.data import Watcher as Limits
from swf_testbed.config.parameters import Parameters
from swf_testbed.messages import StfGen
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model.errors import NotFound
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.records import WorkflowExecution, WorkflowStage
from swf_testbed.runtime import AgentContext

CATALOGUE = "the catalogue"
KEPT_S = 600.0
"""How long an ended run is looked at."""


class Overseer:
    """Is told by handlers while it looks, in a thread of its own."""

    def __init__(
        self, context: AgentContext, view: View, archive: Archive, alarms: Alarms, limits: Limits
    ) -> None:
        self._context, self._view, self._archive = context, view, archive
        self._watcher = Watcher(limits, alarms)
        self._limits = limits
        self._asked: set[str] = set()

    # What the handlers tell.

    def follow(self, said: Lifecycle, parameters: Parameters) -> None:
        """A run is in another phase."""
        usual = parameters.daq_state_machine.stf_interval
        simulation = parameters.simulation
        with self._view.lock:
            self._view.now = time.monotonic()
            self._view.enter(said.run_id, said.phase, said.execution_id)
            self._view.expect_stream(said.run_id, simulation.stream, usual)
            for side in simulation.streams:
                self._view.expect_stream(said.run_id, side.name, side.stf_interval or usual)

    def take(self, said: StfGen) -> None:
        """An STF was announced."""
        with self._view.lock:
            self._view.now = time.monotonic()
            self._view.take(said)

    # The look.

    def step(self) -> bool:
        """Bring the view up to date, and let the rules look."""
        running = {name: since for name, since in self._overdue().items() if self._is_running(name)}
        with self._view.lock:
            self._view.now = time.monotonic()
            self._view.running = {name: self._view.now - since for name, since in running.items()}
            self._see_archive()
            self._watcher.look(self._view)
            self._forget()
        return False

    def _see_archive(self) -> None:
        view = self._view
        passed, waiting = self._archive.catalogue_counts()
        view.passed(CATALOGUE, passed, waiting)
        for site, (there, missing) in self._archive.site_counts().items():
            view.passed(site, there, missing)
        view.late = self._archive.ages(view.now)
        view.incomplete = self._archive.incomplete()

    def _overdue(self) -> dict[str, float]:
        """Executions all of whose runs have ended long ago, and since when."""
        with self._view.lock:
            runs = list(self._view.runs.values())
        ended: dict[str, float] = {}
        for name in {run.execution_id for run in runs if run.execution_id} - self._asked:
            own = [run for run in runs if run.execution_id == name]
            since = max(run.since for run in own)
            over = all(run.phase is not None and run.phase.ended for run in own)
            if over and time.monotonic() - since > self._limits.stuck_execution:
                ended[name] = since
        return ended

    def _is_running(self, execution_id: str) -> bool:
        try:
            running = not self._context.monitor.get(WorkflowExecution, execution_id).status.terminal
        except NotFound:
            running = False
        if not running:
            self._asked.add(execution_id)
        return running

    def _forget(self) -> None:
        old = [
            number
            for number, run in self._view.runs.items()
            if run.phase and run.phase.ended and self._view.now - run.since > KEPT_S
        ]
        for number in old:
            if self._archive.of_run(number) is None:
                self._asked.discard(self._view.runs.pop(number).execution_id or "")

    # What the keeper of the exit buffer asks.

    def archive_of(self, storage: Storage) -> Callable[[int], RunArchive | None]:
        """A function that tells how far a run is archived, and lets the storage know of it."""
        recalled: dict[int, RunArchive | None] = {}

        def recall(run: int) -> RunArchive | None:
            found = taking_up.recall(self._context.monitor, run, self._context.namespace)
            if found is not None:
                storage.open(found.spec)
                storage.register(found.spec.did, [task.file for task in found.files.values()])
            return found

        def look(run: int) -> RunArchive | None:
            if (known := self._archive.of_run(run)) is not None:
                recalled.pop(run, None)
                return known if known.opened else None
            if run not in recalled:
                # Files are asked for run by run: one run in memory is enough, whatever the buffer holds.
                for before in recalled.values():
                    if before is not None and self._archive.of_run(before.spec.run) is None:
                        storage.forget(before.spec.did)
                recalled.clear()
                recalled[run] = recall(run)
            return recalled[run]

        return look

    def in_use(self, run: int) -> set[str]:
        """The files of a run that processing has begun with, and not ended."""
        busy = (ProcessingStatus.RECEIVED, ProcessingStatus.STARTED)
        found = (
            one
            for status in busy
            for one in self._context.monitor.list(
                WorkflowStage, run_number=run, agent_type="processing", status=status
            )
        )
        return {one.stf_file for one in found if one.stf_file is not None}
