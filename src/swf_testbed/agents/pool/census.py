"""Who is there: what the engine says of each worker beside what is heard of it on the broker."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from swf_testbed.adapters.pool import Handle, JobState, JobStatus
from swf_testbed.config.pool import Pool
from swf_testbed.messages import WorkerHeartbeatContent
from swf_testbed.model.status import WorkerStatus


class Standing(StrEnum):
    """What the controller makes of a worker."""

    COMING = "coming"
    THERE = "there"
    DRAINING = "draining"
    LOST = "lost"
    """It runs, as far as the engine knows, and was not heard of for too long."""
    OVER = "over"


@dataclass(slots=True)
class Member:
    """A worker of the pool; times are s of the controller's clock."""

    handle: Handle
    since: float
    job: JobStatus
    active_since: float | None = None
    over_since: float | None = None
    said: WorkerHeartbeatContent | None = None
    heard_at: float | None = None
    drained_at: float | None = None
    settled: bool = False

    def saw(self, job: JobStatus, at: float) -> None:
        """What the engine says now."""
        self.job = job
        if job.state is JobState.ACTIVE and self.active_since is None:
            self.active_since = at
        if job.state.over and self.over_since is None:
            self.over_since = at

    def heard(self, said: WorkerHeartbeatContent, at: float) -> None:
        """What it says of itself."""
        self.said, self.heard_at = said, at

    def standing(self, pool: Pool, at: float) -> Standing:
        """What to make of it."""
        if self.said is not None and self.said.state is WorkerStatus.ENDED:
            return Standing.OVER
        if self.over_since is not None and (self.heard_at is None or self.heard_at <= self.over_since):
            return Standing.OVER
        if self._silent(pool, at):
            return Standing.LOST
        if self.drained_at is not None:
            return Standing.DRAINING
        return Standing.COMING if self.said is None else Standing.THERE

    def _silent(self, pool: Pool, at: float) -> bool:
        """Whether it should have been heard of; who waits in the engine's queue need not be."""
        if self.heard_at is not None:
            return at > self.heard_at + pool.heartbeat_timeout
        if self.job.state is JobState.UNKNOWN:
            return at > self.since + pool.start_timeout
        return self.active_since is not None and at > self.active_since + pool.start_timeout

    def overdue(self, pool: Pool, at: float) -> bool:
        """Whether its last word is so old that the engine will say nothing more of it."""
        return self.heard_at is not None and at > self.heard_at + pool.heartbeat_timeout

    def age_s(self, at: float) -> float:
        """How long it has run, or had when it ended; of one that waits, nothing."""
        began = self.active_since if self.active_since is not None else self.heard_at
        if began is None:
            return 0.0
        return (self.over_since or at) - began


@dataclass(slots=True)
class Census:
    """All workers of a pool, and those that others keep in the namespace."""

    pool_id: str
    pool: Pool
    members: dict[int, Member] = field(default_factory=dict)
    strangers: dict[str, tuple[WorkerHeartbeatContent, float]] = field(default_factory=dict)

    def add(self, handles: Iterable[Handle], at: float) -> None:
        """Workers that were launched or adopted."""
        for handle in handles:
            unknown = JobStatus(handle, JobState.UNKNOWN, said="not asked yet")
            self.members.setdefault(handle.number, Member(handle, at, unknown))

    def heard(self, said: WorkerHeartbeatContent, at: float) -> WorkerHeartbeatContent | None:
        """A heartbeat; what the same worker said before."""
        member = (
            self.members.get(said.number) if said.pool == self.pool_id and said.number is not None else None
        )
        if member is not None:
            before = member.said
            member.heard(said, at)
            return before
        known = self.strangers.get(said.worker_id)
        self.strangers[said.worker_id] = (said, at)
        return known[0] if known else None

    def saw(self, jobs: Iterable[JobStatus], at: float) -> None:
        """What the engine says of workers."""
        for job in jobs:
            self.members[job.handle.number].saw(job, at)

    def standing(self, at: float) -> dict[int, Standing]:
        """What to make of each."""
        return {number: member.standing(self.pool, at) for number, member in self.members.items()}

    def helpers(self, at: float) -> int:
        """Workers that others keep here, as supervisord does, and that live."""
        fresh = at - self.pool.heartbeat_timeout
        self.strangers = {
            name: (said, heard)
            for name, (said, heard) in self.strangers.items()
            if heard >= fresh and said.state is not WorkerStatus.ENDED
        }
        return sum(said.state is not WorkerStatus.DRAINING for said, _ in self.strangers.values())

    def engine_counts(self) -> dict[str, int]:
        """How many are in which state of the engine, without those that are over and done with."""
        found = Counter(member.job.state.value for member in self.members.values() if not member.settled)
        return {state.value: found[state.value] for state in JobState if found[state.value]}

    def broker_counts(self, at: float) -> dict[str, int]:
        """How many of the pool say what of themselves."""
        found: Counter[str] = Counter()
        for member in self.members.values():
            if member.said is not None and member.standing(self.pool, at) is not Standing.OVER:
                lost = member.standing(self.pool, at) is Standing.LOST
                found["silent" if lost else member.said.state.value] += 1
        return dict(sorted(found.items()))

    def forget(self, at: float, keep_s: float = 600.0) -> None:
        """Drop those that have long been over."""
        self.members = {
            number: member
            for number, member in self.members.items()
            if not member.settled or (member.over_since or at) > at - keep_s
        }
