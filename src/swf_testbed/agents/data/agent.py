"""The data agent: what it hears, and the threads that carry on from there."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from swf_testbed.adapters.storage.opening import open_storage
from swf_testbed.agents.data import ingest, taking_up
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.archive import Archive
from swf_testbed.agents.data.checks import DaqChecks, content_problem
from swf_testbed.agents.data.clerk import Clerk
from swf_testbed.agents.data.courier import Courier
from swf_testbed.agents.data.exit_buffer import CHECK_S, Keeper, Surroundings
from swf_testbed.agents.data.notes import LINGER_S, Notes
from swf_testbed.agents.data.overseer import Overseer
from swf_testbed.agents.data.ports import Ports
from swf_testbed.agents.data.watcher.view import View
from swf_testbed.agents.data.workers import LAST_STEP_S, Steps, Worker
from swf_testbed.config.parameters import Parameters
from swf_testbed.messages import (
    EndRun,
    Message,
    PauseRun,
    ResumeRun,
    RunImminent,
    StartRun,
    StfGen,
)
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model.errors import BadData, BadInput, SwfError
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import DatasetStatus
from swf_testbed.records import Alarm, Dataset
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.stf.urls import local_path

_log = logging.getLogger(__name__)


class DataAgent(BaseAgent):
    """Takes in what the DAQ writes, and brings it to the sites.

    Handlers verify, record and announce; they wait for no storage. Everything is idempotent, so that a
    message may come again, and an agent that was killed may begin again at any point.
    """

    agent_type: ClassVar[str] = "data"

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._rules = context.parameters(None).data
        state_dir = context.settings.state_dir
        self._storage = open_storage(self._rules, state_dir)
        self._notes = Notes(context.monitor)
        self._alarms = Alarms(context, self._say)
        self._checks = DaqChecks()
        self._view = View(time.monotonic())
        self._archive = Archive()
        self._ports = Ports(
            context,
            self._archive,
            self._storage,
            self._notes,
            self._alarms,
            self._say,
            damaged=self._view.fails,
            batch=self._rules.batch,
            poll_s=self._rules.poll,
        )
        self._overseer = Overseer(context, self._view, self._archive, self._alarms, self._rules.watcher)
        self._keeper = Keeper(
            self._rules,
            Surroundings(
                root=state_dir / "exit-buffer",
                storage=self._storage,
                archive_of=self._overseer.archive_of(self._storage),
                in_use=self._overseer.in_use,
                waiting_bytes=self._archive.waiting_bytes,
                say=lambda cls, **fields: self._say(context.message(cls, **fields)),
                notes=self._notes,
                alarms=self._alarms,
            ),
        )
        self._workers: dict[str, Worker] = {}
        self._workers_stop = threading.Event()

    def _say(self, message: Message) -> None:
        self.context.bus.publish(message)

    # Its life.

    def on_start(self) -> None:
        """Go on with every run whose files are not all archived."""
        self._recall_alarms()
        for run in taking_up.unfinished(self.context.monitor, self.context.namespace):
            archive = taking_up.recall(self.context.monitor, run, self.context.namespace)
            if archive is not None:
                self._checks.prime(run, archive.files)
                self._archive.take_up(archive)
        self._start("catalogue", Clerk(self._ports).step, "catalogue", self._rules.storage)
        for site in {*self._rules.sites, *self._archive.sites()}:
            self._start_site(site)
        self._start_other("notes", self._flush, LINGER_S)
        self._start_other("exit buffer", self._keeper.step, CHECK_S)
        self._start_other("watcher", self._overseer.step, self._rules.watcher.interval)

    def on_stop(self) -> None:
        """Let every thread end its step, and send what is noted."""
        self._workers_stop.set()
        until = time.monotonic() + LAST_STEP_S
        for worker in self._workers.values():
            worker.join(max(0.0, until - time.monotonic()))
        try:
            self._notes.flush()
        except SwfError as error:
            _log.warning("the last notes are lost, and found again: %s", error)

    def _start_site(self, site: str) -> None:
        if site not in self._workers:
            self._start(site, Courier(self._ports, site).step, "site", site)

    def _start(self, name: str, step: Any, alarm: str, what: str) -> None:
        self._run_worker(
            Steps(
                name,
                step,
                self._archive.wait,
                lambda why: self._alarms.raised(alarm, what, why),
                lambda: self._alarms.cleared(alarm, what, "it answers"),
            )
        )

    def _start_other(self, name: str, step: Any, pause_s: float) -> None:
        def down(why: str) -> None:
            _log.warning("%s: again soon: %s", name, why)

        self._run_worker(
            Steps(name, step, lambda: void(self._workers_stop.wait(pause_s)), down, lambda: None)
        )

    def _run_worker(self, steps: Steps) -> None:
        if steps.name not in self._workers:  # starting may be tried again
            self._workers[steps.name] = Worker(steps, self._workers_stop)
            self._workers[steps.name].start()

    def _flush(self) -> bool:
        self._notes.flush()
        return False

    def _recall_alarms(self) -> None:
        standing = self.context.monitor.page(
            Alarm, limit=1000, namespace=self.context.namespace, ordering="-raised_at"
        )
        self._alarms.recall({one.subject: one.text for one in standing.results if one.cleared_at is None})

    # What it hears.

    @handles(RunImminent, StartRun, PauseRun, ResumeRun)
    def follow(self, said: Lifecycle) -> None:
        """A run is announced, or in another phase."""
        self._take_up(said.run_id, said.execution_id)
        self._checks.hear(said)
        self._overseer.follow(said, self._parameters(said.execution_id))

    @handles(EndRun)
    def end(self, said: EndRun) -> None:
        """A run has ended: its dataset is closed when it has as many files as the DAQ has counted."""
        self._take_up(said.run_id, said.execution_id)
        self.context.monitor.upsert(
            [
                Dataset(
                    name=dataset_name(said.run_id),
                    status=DatasetStatus.CLOSING,
                    expected_files=said.total_stf_files,
                )
            ]
        )
        self._archive.expect(said.run_id, said.total_stf_files)
        self._checks.hear(said)
        self._overseer.follow(said, self._parameters(said.execution_id))

    @handles(StfGen, batch=50)
    def ingest(self, files: Sequence[StfGen]) -> None:
        """Verify, record in one request, announce; then the archive may have them."""
        for run, execution_id in {(said.run_id, said.execution_id) for said in files}:
            self._take_up(run, execution_id)
        fresh = [said for said in files if not self._is_gone_by_right(said)]
        for said in fresh:
            self._verify(said)
        if not fresh:
            return
        rules = [self._parameters(said.execution_id).data for said in fresh]
        self.context.monitor.upsert(
            [ingest.record(said, one.site) for said, one in zip(fresh, rules, strict=True)]
        )
        self.context.bus.publish_many(
            ingest.ready(self.context, said, one) for said, one in zip(fresh, rules, strict=True)
        )
        for said in fresh:
            self._archive.add(said.run_id, [ingest.stored_file(said)])
            self._overseer.take(said)
            self._look_at(said)

    def not_understood(self, body: bytes, error: BadInput) -> None:
        """A file that is announced wrongly is kept where it is, and an alarm says what is wrong."""
        if (said := ingest.wrongly_announced(body)) is not None:
            self._alarms.raised("verification", said.filename, str(error), said.run_id)

    def _parameters(self, execution_id: str | None) -> Parameters:
        return self.context.parameters(execution_id)

    def _take_up(self, run: int, execution_id: str | None) -> None:
        if self._archive.knows(run):
            return
        rules = self._parameters(execution_id).data
        archive = taking_up.begin(self.context.monitor, run, self.context.namespace, rules)
        self._archive.take_up(archive)
        self._checks.keep_only({one.spec.run for one in self._archive.runs()})
        self._checks.prime(run, archive.files)
        for site in archive.spec.sites:
            self._start_site(site)

    def _is_gone_by_right(self, said: StfGen) -> bool:
        """Whether a file is announced again that is archived, and deleted from the exit buffer."""
        known = self._archive.known(said.run_id, said.filename)
        same = known is not None and known.checksum == said.checksum
        return same and bool(self._archive.archived(said.filename)) and not local_path(said.file_url).exists()

    def _verify(self, said: StfGen) -> None:
        rules = self._parameters(said.execution_id).data
        try:
            ingest.check_same(said, self._archive.known(said.run_id, said.filename))
        except BadData as error:
            self._alarms.raised("verification", said.filename, str(error), said.run_id)
            raise
        try:
            ingest.verify(said, rules)
        except BadData as error:
            self._alarms.raised("verification", said.filename, str(error), said.run_id)
            self._view.fails(said.filename)
            self.context.monitor.upsert([ingest.failed(said, str(error))])
            raise
        self._alarms.cleared("verification", said.filename, "as announced", said.run_id)

    def _look_at(self, said: StfGen) -> None:
        """The checks of the DAQ's metadata, and of a few frames; what they find holds nothing up."""
        for found in self._checks.look(said):
            tell = self._alarms.cleared if found.over else self._alarms.raised
            tell(found.alarm, found.what, found.text, said.run_id)
        frames = self._parameters(said.execution_id).data.checked_frames
        if frames and (problem := content_problem(said, frames)):
            self._view.fails(said.filename)
            self._alarms.raised("content", said.filename, problem, said.run_id)


def void(value: object) -> None:
    """Nothing, whatever it is."""
    del value
