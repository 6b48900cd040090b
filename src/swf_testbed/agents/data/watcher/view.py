"""What the rules of the watcher look at: streams, stages and runs as they are now. All times are in s."""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from swf_testbed.messages import StfGen
from swf_testbed.model.states import RunPhase

KEPT = 50
"""STFs of a stream that are remembered."""


@dataclass(frozen=True, slots=True)
class StfShape:
    """What matters of an STF here: its number, its data's time, and bytes a frame."""

    filename: str
    start: datetime
    end: datetime
    bytes_a_frame: float


@dataclass
class StreamView:
    """One stream of a run: how often its STFs are to come, when the last one came, and the newest of them."""

    interval_s: float
    last_heard: float
    newest: deque[StfShape] = field(default_factory=lambda: deque(maxlen=KEPT))


@dataclass
class RunView:
    """A run: its phase, when that began, its streams, and its execution."""

    phase: RunPhase | None = None
    since: float = 0.0
    execution_id: str | None = None
    streams: dict[str, StreamView] = field(default_factory=dict)


@dataclass
class StageView:
    """The catalogue or a site: how many files wait there, how many have passed, and when the last one did."""

    waiting: int = 0
    passed: int = 0
    moved_at: float = 0.0


@dataclass
class View:
    """Everything; `now` is monotonic time. Several threads tell of changes, under `lock`.

    Attributes:
        failures: when files or copies were found damaged, and which.
        late: files that are not at every site, with the time since they came.
        incomplete: runs that have ended and lack files, with what is missing, in words.
        running: executions that count as running though their run has ended, with the time since then.
    """

    now: float
    runs: dict[int, RunView] = field(default_factory=dict)
    stages: dict[str, StageView] = field(default_factory=dict)
    failures: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=10_000))
    late: dict[str, float] = field(default_factory=dict)
    incomplete: dict[int, str] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fails(self, what: str) -> None:
        """A file or a copy was found damaged."""
        self.failures.append((self.now, what))

    def enter(self, run: int, phase: RunPhase, execution_id: str | None) -> None:
        """A run enters a phase; its streams count as heard of now, as nothing comes in others."""
        known = self.runs.setdefault(run, RunView())
        known.phase, known.since = phase, self.now
        known.execution_id = execution_id or known.execution_id
        for stream in known.streams.values():
            stream.last_heard = self.now

    def expect_stream(self, run: int, stream: str, interval_s: float) -> None:
        """A stream of a run is to have an STF each so many seconds."""
        streams = self.runs.setdefault(run, RunView()).streams
        streams.setdefault(stream, StreamView(interval_s, self.now)).interval_s = interval_s

    def take(self, said: StfGen) -> None:
        """An STF was announced."""
        streams = self.runs.setdefault(said.run_id, RunView()).streams
        stream = streams.setdefault(said.stream, StreamView(0.0, self.now))
        stream.last_heard = self.now
        if any(one.filename == said.filename for one in stream.newest):
            return
        size = said.size_bytes / max(1, said.tf_count)
        stream.newest.append(StfShape(said.filename, said.start, said.end, size))

    def passed(self, stage: str, passed: int, waiting: int) -> None:
        """How many files have passed a stage, and how many wait for it."""
        known = self.stages.setdefault(stage, StageView(moved_at=self.now))
        if passed != known.passed or not known.waiting:
            known.moved_at = self.now
        known.passed, known.waiting = passed, waiting
