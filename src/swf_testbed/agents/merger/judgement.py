"""One run being judged: its flags, its windows, figures of its STFs."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from swf_testbed.agents.merger.stfs import Gathering, Stf, StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.counts import ProductKey
from swf_testbed.fastmon.flags import Flag
from swf_testbed.fastmon.judge import RunJudge
from swf_testbed.fastmon.products import AdcSpectrum, BankStatus, ByteTrend, HitTrend, axis_of
from swf_testbed.fastmon.reference import Reference
from swf_testbed.fastmon.windows import StfSeen, Sums, Tally
from swf_testbed.messages import QualityFlagged
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.model.status import Quality
from swf_testbed.records import QualityFlag, Run, StfFigures, Window
from swf_testbed.records.monitoring import FailedRead
from swf_testbed.runtime import AgentContext

KEEP_S = 30.0
"""How often a profile is kept; what is newer is not in it if the merger is killed."""

QUIET_S = 20.0
"""A run that was ended is over, whatever of it is missing, when for so long nothing has come that its parts
could be waiting behind."""

LOOKS, MOST_AT_ONCE = 8, 16
"""It is looked after each STF. When more than `LOOKS` wait, a step looks that often, after equal portions of
at most 16: looked at all at once, a fault of some STFs is lost among the good ones that came after it."""

WINDOWS = {"stf": 0.0, "30s": 30.0}
"""The windows that pages show, by name, s; the shortest is one STF."""

_log = logging.getLogger(__name__)


class RunJudgement:
    """Takes the parts of a run as they are merged, judges, and tells the monitor and the bus."""

    def __init__(
        self, run_number: int, execution: str | None, context: AgentContext, verdicts: Verdicts
    ) -> None:
        self.run_number, self.execution = run_number, execution
        self.total: int | None = None
        self._context, self._verdicts = context, verdicts
        self._gathering = Gathering()
        self._fresh: list[Stf] = []
        self._judged: list[Stf] = []
        self._seen: list[StfSeen] = []
        self._judge: RunJudge | None = None
        self._kept = verdicts.begin(run_number, execution)
        self._profile_kept = self._heard = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether nothing more is judged."""
        return self._kept.finished

    def add(self, part: StfPart) -> None:
        """One more part, each once."""
        self._gathering.add(part)

    def not_quiet(self) -> None:
        """Something came: more of this run may follow."""
        self._heard = time.monotonic()

    def remember(self, seen: Sequence[StfSeen]) -> None:
        """STFs that came before: they are not missing, though they are not added any more."""
        self._seen += seen

    def step(self) -> None:
        """Judge what is whole, or the first of what waits; the run as a whole once it is over.

        Raises:
            Unavailable: the monitor does not answer; nothing is lost.
        """
        if self.finished:
            return
        over = self._is_over()
        self._fresh += self._gathering.take(everything=over)
        if self._fresh or self._judged:
            self._judge_fresh()
        self._tell()
        if over and not self._fresh:
            self._finish()
        elif self._judge is not None and time.monotonic() - self._profile_kept > KEEP_S:
            self._keep()

    def _is_over(self) -> bool:
        if self.total is None:
            return False
        come = max(self._gathering.given, len(self._gathering.seen.union(self._seen)))
        complete = come >= self.total and not len(self._gathering)
        return complete or time.monotonic() - self._heard > QUIET_S

    def _judge_fresh(self) -> None:
        judge = self._judge = self._judge or self._made(self._fresh[0])
        every = min(MOST_AT_ONCE, -(-len(self._fresh) // LOOKS))
        for _ in range(LOOKS):
            if self._fresh:
                self._look(judge, every)
        self._context.monitor.upsert([self._figures(judge, stf) for stf in self._judged])
        self._context.monitor.upsert(self._windows(judge))
        self._judged = []

    def _look(self, judge: RunJudge, count: int) -> None:
        """Add the next STFs, each once whatever fails afterwards, and judge."""
        now, self._fresh = self._fresh[:count], self._fresh[count:]
        self._judged += now
        for stf in now:
            for products in stf.products:
                assert stf.seen is not None  # noqa: S101  # others are not given out
                judge.add(stf.seen, products)
        self._verdicts.enter(self.run_number, judge.judge())
        self._tell()

    def _made(self, first: Stf) -> RunJudge:
        checks = self._context.parameters(self.execution).fastmon.checks
        judge = RunJudge(checks, self._reference(first))
        kept = self._kept
        judge.take_up(kept.standing, kept.profile, kept.profiled, self._seen)
        return judge

    def _reference(self, first: Stf) -> Reference | None:
        """The reference that fits the run, which is noted with the run."""
        state = first.about.state if first.about else None
        found = self._context.monitor.reference_of(self.run_number, state)
        if found is None:
            _log.info("run %d: there is no reference for it", self.run_number)
            return None
        try:
            reference = Reference.of_document(found.content)
            named = Run(run_number=self.run_number, reference=f"{found.name}/{found.version}")
            self._context.monitor.upsert([named])
        except BadInput as error:
            _log.warning("run %d: the reference %s/%d: %s", self.run_number, found.name, found.version, error)
            return None
        return reference

    def _tell(self) -> None:
        """Store and announce what nobody was told of, again if need be: the same is told."""
        untold = self._verdicts.untold(self.run_number)
        if not untold:
            return
        monitor, bus = self._context.monitor, self._context.bus
        monitor.upsert([_record(self.run_number, flag) for flag in untold])
        bus.publish_many([self._message(one) for one in untold if is_announced(one)])
        self._verdicts.told(self.run_number, untold)

    def _message(self, flag: Flag) -> QualityFlagged:
        return self._context.message(
            QualityFlagged,
            run_id=self.run_number,
            execution_id=self.execution,
            subsystem=flag.subsystem,
            histogram=flag.histogram or flag.check,
            check=flag.check,
            quality=flag.quality,
            reason=flag.reason[:SHORT_TEXT_CHARS],
            part=flag.part[:SHORT_TEXT_CHARS],
            since=flag.since,
        )

    def _finish(self) -> None:
        if self._judge is not None:
            self._verdicts.enter(self.run_number, self._judge.finish())
            self._tell()
        self._keep(finished=True)
        self._kept.finished = True
        _log.info("run %d is judged", self.run_number)

    def _keep(self, *, finished: bool = False) -> None:
        judge = self._judge
        document = judge.profile.document() if judge else {}
        if judge is not None:
            whole = Window(
                run_number=self.run_number,
                window="run",
                until=now() if finished else None,
                stfs=judge.profile.stfs,
                frames=judge.profile.sums.frames,
                revision=self._gathering.given,
                content=document,
            )
            self._context.monitor.upsert([whole])
            self._verdicts.keep(self.run_number, document, judge.profiled, finished=finished)
        elif finished:
            self._verdicts.finish(self.run_number)
        self._profile_kept = time.monotonic()

    def _windows(self, judge: RunJudge) -> Sequence[Window]:
        found = []
        for name, seconds in WINDOWS.items():
            window = judge.windows.last(seconds)
            if window is not None:
                found.append(
                    Window(
                        run_number=self.run_number,
                        window=name,
                        since=window.start,
                        until=window.end,
                        stfs=window.stfs,
                        frames=window.sums.frames,
                        revision=_millis(window.end),
                        content=encode(window.sums.products()),
                    )
                )
        return found

    def _figures(self, judge: RunJudge, stf: Stf) -> StfFigures:
        about, seen = stf.about, stf.seen
        assert about is not None and seen is not None  # noqa: S101, PT018  # others are not given out
        sums = Sums()
        for products in stf.products:
            sums.add(products)
        return StfFigures(
            run_number=self.run_number,
            stf_filename=stf.name,
            stream=about.stream,
            sequence=about.sequence,
            since=about.start,
            until=about.end,
            frames=about.tf_count,
            sampled=about.sampled,
            evaluated=about.evaluated,
            bytes_read=about.bytes_read,
            stf_bytes=about.stf_bytes,
            requests=about.requests,
            source=about.source,
            failed=tuple(FailedRead(**one.model_dump()) for one in about.failed),
            values=values_of(sums),
            **({} if stf.latency_s is None else {"latency_s": stf.latency_s}),
        )


def values_of(sums: Sums) -> dict[str, Any]:
    """What is told of each subsystem in an STF: all hits and bytes; of its sample the mean ADC and banks."""
    found: dict[str, Any] = {}
    for one in detectors():
        tally = Tally(one, sums)
        hits = tally.total(HitTrend)
        if not hits and ProductKey(one.name, BankStatus.name) not in sums.bins:
            continue
        adc = tally.counts(AdcSpectrum)
        axis = axis_of(ProductKey(one.name, AdcSpectrum.name))
        centres = axis.low + (np.arange(axis.bins) + 0.5) * axis.width
        good, bad, missing = tally.counts(BankStatus).tolist()
        found[one.name] = {
            "hits": hits,
            "bytes": tally.total(ByteTrend),
            "adc_mean": float(adc @ centres / adc.sum()) if adc.sum() else None,
            "banks": good,
            "crc_errors": bad,
            "missing": missing,
        }
    return found


def is_announced(flag: Flag) -> bool:
    """Whether a flag is said on the bus: it begins, and says something."""
    return flag.until is None and flag.quality is not Quality.NULL


def _record(run_number: int, flag: Flag) -> QualityFlag:
    return QualityFlag(
        run_number=run_number,
        subsystem=flag.subsystem,
        check=flag.check,
        since=flag.since,
        quality=flag.quality,
        histogram=flag.histogram or None,
        reason=flag.reason[:SHORT_TEXT_CHARS],
        part=flag.part[:SHORT_TEXT_CHARS],
        until=flag.until,
    )


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
