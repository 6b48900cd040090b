"""One decision after the other: look, compare, launch or release."""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from swf_testbed.adapters.pool import FORGOTTEN, Handle, JobState, PoolEngine, WorkerSpec
from swf_testbed.agents.pool.brakes import Brakes
from swf_testbed.agents.pool.census import Census, Member, Standing
from swf_testbed.agents.pool.gauge import Arrivals, Depth, ServiceTime
from swf_testbed.agents.pool.law import Law, Measured
from swf_testbed.agents.pool.numbers import Numbers
from swf_testbed.agents.pool.ramp import Ramp
from swf_testbed.agents.pool.voice import Voice
from swf_testbed.config.pool import Pool
from swf_testbed.messages import WorkerHeartbeatContent
from swf_testbed.model.errors import SwfError
from swf_testbed.model.status import WorkerStatus
from swf_testbed.records.workers import PoolReport

LAST_WORD_S = 5.0
"""So long the last word of a worker that has ended well may be on its way."""

_log = logging.getLogger(__name__)


class Controller:
    """Keeps a pool; used by one thread at a time.

    Args:
        pool: the section `[pool]`.
        pool_id: names the pool in the engine and in heartbeats.
        engine: starts and ends workers.
        spec: of a worker.
        numbers: a file that keeps the last number given.
        voice: says things on the broker.
    """

    def __init__(
        self, pool: Pool, pool_id: str, engine: PoolEngine, spec: WorkerSpec, numbers: Path, voice: Voice
    ) -> None:
        self._pool, self._engine, self._spec = pool, engine, spec
        self._voice = voice
        self._numbers = Numbers(numbers)
        self.census = Census(pool_id, pool)
        self.law = Law(pool)
        self.ramp = Ramp(pool.hold)
        self.brakes = Brakes(pool)
        self.arrivals, self.service = Arrivals(), ServiceTime()
        self.report = PoolReport(engine=engine.name, latency_target_s=pool.latency_target)

    def adopt(self, at: float) -> None:
        """Take over what an earlier controller has left.

        Raises:
            Unavailable: the engine does not answer.
        """
        found = self._engine.adopt(self.census.pool_id)
        self._numbers.known(handle.number for handle in found)
        self.census.add(found, at)
        self.census.saw(self._engine.status(found), at)
        for member in self.census.members.values():
            # What has ended while nobody looked is old news.
            member.settled = member.over_since is not None
        if taken := sum(not member.settled for member in self.census.members.values()):
            _log.info("%d workers of an earlier controller are taken over", taken)

    def heard(self, said: WorkerHeartbeatContent, at: float) -> None:
        """A heartbeat of a worker."""
        before = self.census.heard(said, at)
        if said.state is not WorkerStatus.STARTING:
            self.service.heard(before, said, at)

    def step(self, depth: Depth | None, at: float) -> PoolReport:
        """Look, and do what is to be done; the report is also kept in `report`."""
        self._look(at)
        standing = self.census.standing(at)
        self._settle(standing, at)
        measured = self._measured(depth, standing, at)
        self._act(self._desired(measured, at), standing, at)
        self.report.held_back = self.brakes.said(at) or self.report.held_back
        self.census.forget(at)
        return self.report

    def _present(self, standing: Mapping[int, Standing], at: float) -> int:
        """How many workers there are, and on their way; those that others keep among them."""
        return self.report.helpers + sum(
            what in {Standing.COMING, Standing.THERE} for what in standing.values()
        )

    def _act(self, desired: int, standing: Mapping[int, Standing], at: float) -> None:
        """Come nearer to so many workers."""
        # Workers that others keep do a part of it.
        own = max(self._pool.min_workers, desired - self.report.helpers)
        present = [number for number, what in standing.items() if what in {Standing.COMING, Standing.THERE}]
        self.report.desired, self.report.present = own, len(present)
        if own > len(present):
            self._launch(own - len(present), at)
        elif own < len(present):
            self._release(present, len(present) - own, at)
        self._hurry(at)
        self.report.engine_counts = self.census.engine_counts()
        self.report.broker_counts = self.census.broker_counts(at)

    def _look(self, at: float) -> None:
        self.report.held_back = ""
        watched = [member.handle for member in self.census.members.values() if not member.settled]
        jobs = self._engine.status(watched)
        self.census.saw(jobs, at)
        mute = [job.said for job in jobs if job.state is JobState.UNKNOWN and job.said != FORGOTTEN]
        self.report.engine_says = mute[0] if mute else "answers"

    def _settle(self, standing: dict[int, Standing], at: float) -> None:
        """Take notice of those that are no more, once."""
        for number, what in standing.items():
            member = self.census.members[number]
            if member.settled:
                continue
            if what is Standing.THERE:
                self.brakes.lived(member.age_s(at))
            elif what is Standing.LOST:
                self._give_up(member)
            elif what is Standing.OVER:
                self._bid_farewell(member, at)

    def _give_up(self, member: Member) -> None:
        try:
            self._engine.stop([member.handle], 0.0)
        except SwfError as error:
            _log.warning("%s was not heard of, and cannot be ended: %s", member.handle.name, error)
            return
        member.settled = True
        self.report.lost += 1
        _log.warning("%s was not heard of for too long, and was ended", member.handle.name)
        self._voice.bury(member, "was not heard of for too long")

    def _bid_farewell(self, member: Member, at: float) -> None:
        in_order = member.said is not None and member.said.state is WorkerStatus.ENDED
        if in_order and not member.job.state.over and not member.overdue(self._pool, at):
            return  # its process is still about to end
        said_soon = member.job.exit_code == 0 and at < (member.over_since or at) + LAST_WORD_S
        if said_soon and not in_order:
            return
        member.settled = True
        if in_order:
            return
        if member.job.exit_code != 0 and member.drained_at is None:
            self.report.died += 1
            self.brakes.died(member.age_s(at), at, member.job.said)
            _log.warning("%s has ended: %s", member.handle.name, member.job.said)
            if held := self.brakes.said(at):
                _log.warning("launching pauses: %s", held)
        self._voice.bury(member, member.job.said)

    def _measured(self, depth: Depth | None, standing: dict[int, Standing], at: float) -> Measured:
        report = self.report
        if depth is not None:
            report.queued, report.in_hand = depth.queued, depth.in_hand
            report.arrivals_per_s = self.arrivals.saw(at, depth.arrived)
            if depth.queued or depth.in_hand:
                self.ramp.working(at)
        measured_s = self.service.measured_s
        report.service_s = (self.ramp.service_s() or 0.0) if measured_s is None else measured_s
        report.helpers = self.census.helpers(at)
        workers = self._present(standing, at)
        measured = Measured(at, report.queued, report.arrivals_per_s, report.service_s, workers)
        report.wait_s = measured.wait_s if math.isfinite(measured.wait_s) else None
        return measured

    def _desired(self, measured: Measured, at: float) -> int:
        desired = self.law.wanted(measured, self.ramp.floor(at))
        idle = not self.report.queued and not self.report.in_hand
        ceiling = self.ramp.ceiling(at, idle=idle)
        return desired if ceiling is None else min(desired, max(ceiling, self._pool.min_workers))

    def _launch(self, count: int, at: float) -> None:
        count = self.brakes.allowed(count, at)
        if not count:
            return
        numbers = self._numbers.take(count)
        try:
            handles = self._engine.launch(self.census.pool_id, numbers, self._spec)
        except SwfError as error:
            # Some may have been started: they are found by their names.
            self.report.held_back = str(error)
            _log.warning("workers are not launched: %s", error)
            handles = self._found(numbers)
        self.census.add(handles, at)
        self.brakes.launched(len(handles), at)
        self.report.launched += len(handles)
        if handles:
            _log.info("launched: %s", ", ".join(handle.name for handle in handles))

    def _found(self, numbers: Sequence[int]) -> list[Handle]:
        try:
            return [one for one in self._engine.adopt(self.census.pool_id) if one.number in set(numbers)]
        except SwfError:
            return []

    def _release(self, present: Sequence[int], count: int, at: float) -> None:
        """Those that have not begun first, then the idle, then the youngest."""
        members = [self.census.members[number] for number in present]
        members.sort(key=lambda one: (_in_use(one), -one.handle.number))
        for member in members[:count]:
            member.drained_at = at
            self.report.released += 1
            if member.said is None:
                self._stop([member], 0.0)
            else:
                self._voice.drain(member, "no longer needed")

    def _hurry(self, at: float) -> None:
        """End those that were asked to and do not."""
        late_after = self._pool.drain_time + self._pool.heartbeat_timeout
        late = [
            member
            for member in self.census.members.values()
            if not member.settled and member.drained_at is not None and at > member.drained_at + late_after
        ]
        if late:
            self._stop(late, 0.0)

    def _stop(self, members: Sequence[Member], grace_s: float) -> None:
        try:
            self._engine.stop([member.handle for member in members], grace_s)
        except SwfError as error:
            _log.warning("workers cannot be ended: %s", error)

    def release_all(self, grace_s: float) -> None:
        """End every worker of the pool."""
        self._stop([member for member in self.census.members.values() if not member.settled], grace_s)


def _in_use(member: Member) -> int:
    if member.said is None:
        return 0
    return 1 if member.said.state is WorkerStatus.IDLE else 2
