"""How a run goes, told by the monitor's event stream; counted by the monitor itself."""

import contextlib
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from swf_testbed.control.missing import Missing, Wanted, find_missing, is_judged, looks_settled
from swf_testbed.control.summary import run_numbers
from swf_testbed.messages.lifecycle import LIFECYCLE
from swf_testbed.model.errors import NotFound, SwfError, Unavailable
from swf_testbed.model.status import ExecutionStatus
from swf_testbed.monitor_client import Event, MonitorClient
from swf_testbed.records import RunSummary, WorkflowExecution

COUNT_EVERY_S = 1.0
"""The monitor is asked to count at most so often."""

QUIET_S = 5.0
"""It is asked at least so often, should the stream say nothing."""

JUDGED_S = 30.0
"""How long is waited for the judgement of a run whose data are all merged."""

STALLED_S = 60.0
"""When nothing has changed for so long after the end of the run, what is missing will not come."""

_STATES = frozenset({*LIFECYCLE, "state_changed"})
_COUNTED = _STATES | {"stf_ready", "tf_file_registered", "histograms_updated"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; times in s since the command.

    STFs are told twice, by events and by counts, either of which may be ahead: `stf_written` is the larger.
    """

    elapsed_s: float = 0.0
    state: str = ""
    stf_heard: int = 0
    stf_counted: int = 0
    stf_registered: int = 0
    samples: int = 0
    slices_created: int = 0
    slices_settled: int = 0
    slices_failed: int = 0
    merged: int = 0
    latency_s: float | None = None
    status: str = ExecutionStatus.RUNNING.value

    @property
    def stf_written(self) -> int:
        """STFs that the DAQ has written, as far as anybody has said."""
        return max(self.stf_heard, self.stf_counted)

    @property
    def terminal(self) -> bool:
        """Whether the execution has ended; results may still be on their way."""
        return ExecutionStatus(self.status).terminal

    def heard(self, event: Event) -> "Progress":
        """After an event."""
        data = event.data
        if event.event in _STATES:
            substate = data.get("substate")
            return replace(
                self, state=f"{data.get('state')}/{substate}" if substate else str(data.get("state"))
            )
        if event.event == "stf_gen":
            return replace(self, stf_heard=self.stf_heard + 1)
        if event.event == "histograms_updated" and data.get("latency_s") is not None:
            return replace(self, latency_s=float(data["latency_s"]))
        return self

    def counted(self, runs: Sequence[RunSummary]) -> "Progress":
        """After the monitor counted, in all runs."""
        registered = sum(run.stf_registered for run in runs)
        written = sum(max(run.stf_registered, run.total_stf_files or 0) for run in runs)
        return replace(
            self,
            stf_counted=written,
            stf_registered=registered,
            samples=sum(run.tf_files for run in runs),
            slices_created=sum(run.slices.created for run in runs),
            slices_settled=sum(run.slices.completed + run.slices.failed for run in runs),
            slices_failed=sum(run.slices.failed for run in runs),
            merged=sum(run.results for run in runs),
        )


class Events:
    """The messages of a namespace from now on; made before the command, so that none is missed."""

    def __init__(self, monitor: MonitorClient, namespace: str) -> None:
        self._stream = monitor.events(monitor.newest_event_id(), namespace=namespace)
        self._queue: queue.SimpleQueue[Event | SwfError] = queue.SimpleQueue()
        threading.Thread(target=self._hear, name="events", daemon=True).start()

    def _hear(self) -> None:
        try:
            for event in self._stream:
                self._queue.put(event)
        except SwfError as error:
            self._queue.put(error)

    def next(self, timeout_s: float) -> Event | None:
        """The next event; None if there is none in that time."""
        try:
            found = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(found, SwfError):
            raise found
        return found

    def close(self) -> None:
        """Hear no more."""
        self._stream.close()


class Follower:
    """Follows an execution to the end of the last slice of its last run.

    Args:
        monitor: counts.
        events: tell when it is worth counting.
        run: the execution's id, and its first run number.
        limit_s: how long the execution may take to end; None is for ever.
        wanted: what agents make of its STFs.
        runs: how many runs it has at least, if it completes.
    """

    def __init__(
        self,
        monitor: MonitorClient,
        events: Events,
        run: tuple[str, int],
        *,
        limit_s: float | None,
        wanted: Wanted,
        runs: int = 1,
    ) -> None:
        self._runs = runs
        self._monitor, self._events, self._limit_s, self._wanted = monitor, events, limit_s, wanted
        self._execution_id, self._run_number = run
        self._begun = self._counted_at = self._changed_at = time.monotonic()
        self._settled_at: float | None = None
        self._due = True
        self.progress = Progress()

    def __iter__(self) -> Iterator[Progress]:
        """How the run goes, again at each change, until it has ended and all its results are merged.

        Raises:
            Unavailable: it takes too long to end, or nothing changes any more though something is missing.
        """
        settled = False
        while not settled:
            before = replace(self.progress, elapsed_s=0.0)
            self._hear()
            if self._time_to_count():
                settled = self._count()
            present = time.monotonic()
            if replace(self.progress, elapsed_s=0.0) != before:
                self._changed_at = present
            self.progress = replace(self.progress, elapsed_s=present - self._begun)
            yield self.progress
            self._check_patience(present)

    def _hear(self) -> None:
        since = time.monotonic() - self._counted_at
        event = self._events.next(max(0.01, (COUNT_EVERY_S if self._due else QUIET_S) - since))
        if event is not None and event.data.get("execution_id") == self._execution_id:
            self.progress = self.progress.heard(event)
            self._due = self._due or event.event in _COUNTED

    def _time_to_count(self) -> bool:
        since = time.monotonic() - self._counted_at
        return since >= (COUNT_EVERY_S if self._due else QUIET_S)

    def _count(self) -> bool:
        """Ask the monitor; whether everything is settled."""
        status = self._monitor.get(WorkflowExecution, self._execution_id).status
        # Counted after the status was read: what ended has said all that there is to count.
        summaries = self._summaries()
        self._counted_at, self._due = time.monotonic(), status.terminal
        self.progress = replace(self.progress, status=status.value)
        completed = status is ExecutionStatus.COMPLETED
        if not summaries:
            return status.terminal and not completed
        self.progress = self.progress.counted(summaries)
        if not status.terminal or (completed and len(summaries) < self._runs):
            return False
        settled = all(looks_settled(run) and not self._missing(run).count for run in summaries)
        return settled and self._judged(summaries)

    def _judged(self, summaries: list[RunSummary]) -> bool:
        """Whether the runs are judged as a whole; that is waited for no longer than `JUDGED_S`."""
        if not self._wanted.sampled:
            return True
        if self._settled_at is None:
            self._settled_at = time.monotonic()
        late = time.monotonic() - self._settled_at > JUDGED_S
        return late or all(is_judged(self._monitor, run.run_number) for run in summaries)

    def _summaries(self) -> list[RunSummary]:
        """Of the runs that are known by now."""
        found = []
        for number in run_numbers(self._monitor, self._execution_id, self._run_number):
            with contextlib.suppress(NotFound):
                found.append(self._monitor.summary(number))
        return found

    def _missing(self, run: RunSummary) -> Missing:
        announced = run.total_stf_files or run.stf_registered
        return find_missing(self._monitor, run.run_number, announced, self._wanted)

    def _check_patience(self, present: float) -> None:
        if self.progress.terminal:
            if present - self._changed_at > STALLED_S:
                missing = "; ".join(
                    f"{found} of run {run.run_number}"
                    for run in self._summaries()
                    if (found := self._missing(run)).count
                )
                raise Unavailable(
                    f"nothing has changed for {STALLED_S:.0f} s; still missing: {missing or 'everything'}"
                )
        elif self._limit_s is not None and present - self._begun > self._limit_s:
            raise Unavailable(f"{self._execution_id} has not ended within {self._limit_s:.0f} s")
