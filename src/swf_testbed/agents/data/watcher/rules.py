"""The rules of the watcher. Each looks at everything and says what is not as it should be now.

What a rule says is raised as an alarm of its name; what it does not say any more is cleared. A new rule is a
class here with a kind of alarm in `model/data_alarms.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import ClassVar, NamedTuple

from swf_testbed.agents.data.watcher.view import RunView, StreamView, View
from swf_testbed.config.data import Watcher
from swf_testbed.model.states import RunPhase


class Complaint(NamedTuple):
    """What is wrong: the thing, in words, and the run that it belongs to."""

    what: str
    text: str
    run: int | None = None


class Rule(ABC):
    """One rule; a subclass says what it looks for in its first line.

    Attributes:
        name: of the rule, and of its alarms.
        parameters: those of `[data.watcher]` that it reads.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]]

    def __init__(self, limits: Watcher) -> None:
        self.limits = limits

    @abstractmethod
    def look(self, view: View) -> Iterator[Complaint]:
        """Everything that is wrong now."""


def _streams(view: View) -> Iterator[tuple[int, RunView, str, StreamView]]:
    for number, run in view.runs.items():
        for name, stream in run.streams.items():
            yield number, run, name, stream


class NoStf(Rule):
    """A run is in physics, and a stream has had no STF for several of its intervals."""

    name = "no_stf"
    parameters = ("stall_intervals", "stall_least")

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for number, run, name, stream in _streams(view):
            silent = view.now - max(stream.last_heard, run.since)
            patience = max(self.limits.stall_intervals * stream.interval_s, self.limits.stall_least)
            if run.phase is RunPhase.PHYSICS and silent > patience:
                text = (
                    f"run {number}, stream {name}: no STF for {silent:.0f} s, one is to come each "
                    f"{stream.interval_s:g} s"
                )
                yield Complaint(f"{number}.{name}", text, number)


class StalledStage(Rule):
    """Files wait for the catalogue or for a site, and none has come on for a while."""

    name = "stalled_stage"
    parameters = ("stage_stall",)

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for name, stage in view.stages.items():
            still = view.now - stage.moved_at
            if stage.waiting and still > self.limits.stage_stall:
                yield Complaint(
                    name, f"{stage.waiting} files wait for {name}; none came on for {still:.0f} s"
                )


class StfRate(Rule):
    """The time between the starts of a stream's newest STFs departs from the configured interval."""

    name = "stf_rate"
    parameters = ("rate_tolerance",)
    least = 5

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for number, run, name, stream in _streams(view):
            if run.phase is not RunPhase.PHYSICS or len(stream.newest) <= self.least or not stream.interval_s:
                continue
            newest = list(stream.newest)[-1 - self.least :]
            # The median forgives a pause of the run among them.
            spacing = median((b.start - a.start).total_seconds() for a, b in pairwise(newest))
            if abs(spacing / stream.interval_s - 1) > self.limits.rate_tolerance:
                wanted = f"{stream.interval_s:g} s is configured"
                text = f"run {number}, stream {name}: an STF each {spacing:.3g} s, {wanted}"
                yield Complaint(f"{number}.{name}", text, number)


class StfSize(Rule):
    """The bytes a frame of a stream's newest STF depart from the median of those before it."""

    name = "stf_size"
    parameters = ("size_factor",)
    least = 5

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for number, run, name, stream in _streams(view):
            if run.phase is None or run.phase.ended or len(stream.newest) <= self.least:
                continue
            *before, newest = stream.newest
            usual = median(one.bytes_a_frame for one in before)
            size, factor = newest.bytes_a_frame, self.limits.size_factor
            if usual and not usual / factor <= size <= usual * factor:
                text = f"{newest.filename}: {size:.0f} bytes a frame, {usual:.0f} is usual in stream {name}"
                yield Complaint(f"{number}.{name}", text, number)


class ChecksumFailures(Rule):
    """Several files or copies were damaged within a short time."""

    name = "checksum_failures"
    parameters = ("failures", "failures_window")

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        window = self.limits.failures_window
        recent = [what for at, what in view.failures if view.now - at <= window]
        if len(recent) >= self.limits.failures:
            text = f"{len(recent)} files or copies were damaged in {window:g} s, the last one {recent[-1]}"
            yield Complaint("files", text)


class Clock(Rule):
    """An STF begins before the one before it in its stream has ended."""

    name = "clock"
    parameters = ()

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for number, run, name, stream in _streams(view):
            if run.phase is None or run.phase.ended:
                continue
            for before, after in pairwise(list(stream.newest)[-2:]):
                back = (before.end - after.start).total_seconds()
                if back > 1e-3:
                    text = f"{after.filename} begins {back:.3g} s before {before.filename} has ended"
                    yield Complaint(f"{number}.{name}", text, number)


class StuckFile(Rule):
    """A file is not at every site long after it has left the DAQ."""

    name = "stuck_file"
    parameters = ("stuck_file",)
    most = 20

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        late = [name for name, age in view.late.items() if age > self.limits.stuck_file]
        for name in late[: self.most]:
            yield Complaint(name, f"{name} is not at every site after {view.late[name]:.0f} s")


class StuckExecution(Rule):
    """An execution still counts as running long after its run has ended."""

    name = "stuck_execution"
    parameters = ("stuck_execution",)

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for execution, age in view.running.items():
            if age > self.limits.stuck_execution:
                text = f"{execution} still counts as running, {age:.0f} s after the end of its run"
                yield Complaint(execution, text)


class IncompleteDataset(Rule):
    """A run has ended, and fewer files are registered than the DAQ has counted."""

    name = "incomplete_dataset"
    parameters = ("dataset_wait",)

    def look(self, view: View) -> Iterator[Complaint]:
        """As of `Rule`."""
        for number, missing in view.incomplete.items():
            run = view.runs.get(number)
            if run is None or view.now - run.since > self.limits.dataset_wait:
                yield Complaint(str(number), f"run {number}: {missing}", number)


RULES: tuple[type[Rule], ...] = (
    NoStf,
    StalledStage,
    StfRate,
    StfSize,
    ChecksumFailures,
    Clock,
    StuckFile,
    StuckExecution,
    IncompleteDataset,
)
"""Every rule."""
