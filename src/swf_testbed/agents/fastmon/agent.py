"""The fast monitoring agent: samples what is announced, and in mode `continuous` what appears in folders."""

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from swf_testbed.agents.fastmon.changes import SamplingChanges
from swf_testbed.agents.fastmon.replicas import copies, failed_read, read_first
from swf_testbed.agents.fastmon.sampling import Sampled, Source, record_of, sample_stf
from swf_testbed.agents.fastmon.takeup import TakeUp, check_folders
from swf_testbed.fastmon.sampling import sampling_config
from swf_testbed.messages import (
    FailedRead,
    FastmonStatus,
    Message,
    Replica,
    SetSampling,
    StfReady,
    StfVolume,
    TfFileRegistered,
)
from swf_testbed.model.errors import BadInput, SwfError, shorten
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.names import derived_id
from swf_testbed.monitor_client.exit_buffer import ExitBufferDoor
from swf_testbed.runtime import AgentContext, BaseAgent, handles
from swf_testbed.runtime.answering import answer
from swf_testbed.runtime.patience import Stopping, persist
from swf_testbed.stf.arrivals import Arrival, Arrivals
from swf_testbed.stf.reader import StfReader

REGISTERED = "registered"
_log = logging.getLogger(__name__)


class FastmonAgent(BaseAgent):
    """Samples every STF; the same STF gives the same sample files, bit for bit, however often it comes."""

    agent_type: ClassVar[str] = "fastmon"
    prefetch: ClassVar[int] = 20

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        self._own = context.parameters(None)
        sampling_config(self._own)
        self._changes = SamplingChanges(context)
        self._door = ExitBufferDoor(context.settings, "swf/fastmon")
        self._watcher: threading.Thread | None = None
        self._take_up: TakeUp | None = None
        if self._own.fastmon.mode == "continuous":
            self._folders = check_folders(self._own.fastmon.watch, context.settings.state_dir)
            self._take_up = TakeUp(self, self._own, self._changes)

    def on_start(self) -> None:
        """In mode `continuous`, begin to watch."""
        if self._take_up is not None and self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watch, args=(self._take_up,), name="watcher", daemon=True
            )
            self._watcher.start()

    def on_stop(self) -> None:
        """Wait for what the watcher has in hand, and close what is open."""
        if self._watcher is not None:
            self._watcher.join(5)
        self._door.close()

    @handles(StfReady)
    def sample(self, stf: StfReady) -> None:
        """Choose frames, copy them, register the sample files in one request, announce them."""
        if self._take_up is not None and self._take_up.is_taken(stf.filename):
            _log.info("%s was sampled before it was announced", stf.filename)
            return
        parameters = self._changes.parameters(stf.run_id, stf.execution_id, stf.egress_at)
        source, config = Source.announced(stf), sampling_config(parameters, stream=stf.stream)

        readers: dict[str, StfReader] = {}
        failures: list[FailedRead] = []

        def read(replica: Replica) -> Sampled:
            with StfReader.open(replica.url, client=self._door.client(replica.url)) as reader:
                readers[replica.url] = reader
                if reader.header.run != stf.run_id and not parameters.simulation.plays_as_is:
                    raise BadInput(
                        "file_url", replica.url, f"holds run {reader.header.run}, not {stf.run_id}"
                    )
                return sample_stf(source, reader, config, self.folder_of(stf.run_id), replica.site)

        def failed(replica: Replica, error: SwfError) -> None:
            self.report("replica_failed", f"{stf.filename} at {replica.site}: {error}")
            failures.append(failed_read(replica, error, readers.get(replica.url)))

        found = copies(stf, parameters.fastmon.sites, self.context.monitor)
        done = read_first(found, read, failed)
        self.announce(source, replace(done, failed=tuple(failures)), cause=stf)

    @handles(SetSampling)
    def set_sampling(self, command: SetSampling) -> None:
        """Change how a run is sampled, and answer how it is then."""
        answer(self.context, command, lambda: self._changes.accept(command))

    def folder_of(self, run: int) -> Path:
        """Where the samples of a run go."""
        return self.context.settings.state_dir / "samples" / str(run)

    def announce(self, source: Source, done: Sampled, cause: Message | None = None) -> None:
        """Register the sample files of an STF in one request, and say that they are there."""
        said = [
            self.context.message(
                TfFileRegistered,
                cause=cause,
                run_id=source.run,
                tf_file_id=derived_id("tf-file", self.context.namespace, file.path.name),
                tf_filename=file.path.name,
                file_url=file.path.absolute().as_uri(),
                stf_filename=source.filename,
                tf_first=file.tf_first,
                tf_last=file.tf_last,
                tf_count=file.tf_count,
                file_size_bytes=file.size_bytes,
                checksum=file.checksum,
                status=REGISTERED,
                sampling=report,
                egress_at=source.egress_at,
            )
            for file, report in zip(done.files, done.reports, strict=True)
        ]
        self.context.monitor.upsert([record_of(message, done.read) for message in said])
        volume = self.context.message(StfVolume, cause=cause, run_id=source.run, content=source.volume(done))
        self.context.bus.publish_many([*said, volume])

    # What nobody announces.

    def _watch(self, take_up: TakeUp) -> None:
        fastmon = self._own.fastmon
        arrivals = Arrivals(self._folders, fastmon.settle_time, fastmon.damaged_time)
        _log.info("watching %s", ", ".join(map(str, self._folders)))
        for arrival in arrivals.follow(self.stopping):
            try:
                with self.activity.processing(1):
                    persist(lambda: self._deal_with(take_up, arrival), self.stopping, _log_retry)  # noqa: B023  # run at once
            except Stopping:
                return
            except Exception as error:
                if not isinstance(error, SwfError):
                    _log.exception("%s is left out", arrival.path)
                self.report("left_out", f"{arrival.path.name}: {error}")
                self.activity.failed += 1

    def _deal_with(self, take_up: TakeUp, arrival: Arrival) -> None:
        if arrival.problem is not None:
            self.report("damaged", f"{arrival.path.name}: {arrival.problem}")
            self.activity.failed += 1
            return
        with self._one_at_a_time:
            taken = take_up.take(arrival.path)
        if taken:
            self.activity.handled += 1
        else:
            self.activity.skipped += 1

    def report(self, status: str, text: str) -> None:
        """Say what people should know of a file."""
        _log.warning("%s: %s", status, text)
        said = self.context.message(FastmonStatus, status=status, message=text[:SHORT_TEXT_CHARS])
        self.context.bus.publish(said)


def _log_retry(error: Exception, delay: float) -> None:
    _log.warning("a file that appeared: again in %.1f s: %s", delay, shorten(str(error)))
