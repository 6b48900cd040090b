"""The merger as an agent: results in, histograms out, plots told."""

import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

from swf_testbed.agents.merger.completing import completed
from swf_testbed.agents.merger.journal import Documents, Journal, Part
from swf_testbed.agents.merger.judging import Judging
from swf_testbed.agents.merger.retrying import last_words
from swf_testbed.agents.merger.run import RunMerge
from swf_testbed.agents.merger.stfs import Stf, StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.fastmon.codec import encode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.products import latency_products
from swf_testbed.messages import EndRun, HistogramsUpdated, SliceResult, StfVolume, StfVolumeContent
from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceOutcome, SliceStatus
from swf_testbed.records import SliceDone, slice_part, stf_part
from swf_testbed.runtime import AgentContext, BaseAgent, handles

_RUNS_IN_MEMORY = 2
"""The one that goes on, and the one before; an older one is read from the journal when a part comes late."""

_log = logging.getLogger(__name__)


class MergerAgent(BaseAgent):
    """Adds slices and index volumes into the histograms of their run, each once."""

    agent_type: ClassVar[str] = "merger"
    prefetch: ClassVar[int] = 500

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        folder = context.settings.state_dir / "merger"
        self._journal = Journal(folder / f"{context.namespace}.sqlite3")
        self._verdicts = folder / f"{context.namespace}.judged.sqlite3"
        self._judging = Judging(context, self._verdicts)
        self._runs: OrderedDict[int, RunMerge] = OrderedDict()
        self._handed_over: set[int] = set()

    def on_start(self) -> None:
        """Go on judging the runs that a predecessor has not judged to the end."""
        verdicts = Verdicts(self._verdicts)
        for number, (execution, total) in sorted(verdicts.open_runs().items())[-_RUNS_IN_MEMORY:]:
            self._judge_again(number, execution)
            if total is not None:
                self._judging.tell(number, execution, total)
        verdicts.close()
        self._judging.start()

    def on_stop(self) -> None:
        """Close the journal."""
        self._judging.stop()
        self._journal.close()

    @handles(EndRun)
    def end(self, run: EndRun) -> None:
        """A run is over: it is judged as a whole when the last of its data has come."""
        verdicts = Verdicts(self._verdicts)
        verdicts.ended(run.run_id, run.execution_id, run.total_stf_files)
        verdicts.close()
        self._judging.tell(run.run_id, run.execution_id, run.total_stf_files)

    @handles(SliceResult, StfVolume, batch=250, linger_s=0.1)
    def merge(self, said: Sequence[SliceResult | StfVolume]) -> None:
        """Merge many parts with one request a run."""
        with self._judging.merging(min(message.run_id for message in said)):
            whole = last_words(self.context, completed(self.context.monitor, said))
            for run_number in sorted({message.run_id for message in whole}):
                self._merge_run(run_number, [message for message in whole if message.run_id == run_number])

    def _merge_run(self, run_number: int, said: Sequence[SliceResult | StfVolume]) -> None:
        execution = said[0].execution_id
        run = self._run(run_number, execution)
        by_part = {_part(message): message for message in said}
        parts = {name: _journalled(message) for name, message in by_part.items()}
        redelivered = len(said) - len(parts) + sum(run.has(part) for part in parts)
        began = time.perf_counter()
        added = run.merge(parts)
        merged = time.perf_counter()
        stored = run.tell_monitor(
            {name: _done(message) for name, message in by_part.items()},
            {name: message.content.egress_at for name, message in by_part.items()},
            redelivered,
        )
        for name, products in added.items():
            self._judging.tell(run_number, execution, _judged(by_part[name], products))
        told = time.perf_counter()
        _log.debug(
            "run %d: %d parts, merged in %.3f s, stored in %.3f s",
            run_number,
            len(parts),
            merged - began,
            told - merged,
        )
        if stored is None:
            return
        latencies = [one for one in map(_latency_s, said) if one is not None]
        self.context.bus.publish(
            self.context.message(
                HistogramsUpdated,
                cause=said[-1],
                revision=stored.revision,
                slices=run.slices,
                tfs=run.frames,
                latency_s=min(latencies, default=None),
            )
        )

    def _run(self, run_number: int, execution: str | None) -> RunMerge:
        found = self._runs.get(run_number)
        if found is None:
            self._judge_again(run_number, execution)
            found = self._runs[run_number] = RunMerge(run_number, self._journal, self.context.monitor)
            while len(self._runs) > _RUNS_IN_MEMORY:
                self._runs.popitem(last=False)
        self._runs.move_to_end(run_number)
        return found

    def _judge_again(self, run_number: int, execution: str | None) -> None:
        """Hand over, once, what is kept of a run's newest STFs, whether it was judged before or not."""
        if run_number in self._handed_over:
            return
        self._handed_over.add(run_number)
        stfs = self._journal.stfs(run_number)
        known = (Stf(name, StfVolumeContent.model_validate(about)).seen for name, about in stfs.items())
        self._judging.tell(run_number, execution, [seen for seen in known if seen is not None])
        for name, stf, products in self._journal.recent(run_number):
            about = StfVolumeContent.model_validate(stfs[stf]) if stf in stfs else None
            is_index = name.startswith("stf:")
            part = StfPart(stf, products, 0 if is_index else products.frames, about if is_index else None)
            self._judging.tell(run_number, execution, part)


def _part(said: SliceResult | StfVolume) -> str:
    if isinstance(said, StfVolume):
        return stf_part(said.content.filename)
    return slice_part(said.content.tf_filename, said.content.slice_id)


def _journalled(said: SliceResult | StfVolume) -> Part:
    """A part as it is kept: what is known of the STF comes with its index."""
    about = None
    if isinstance(said, StfVolume):
        about = {**said.content.model_dump(mode="json", exclude={"histograms"}), "histograms": {}}
    return Part(_documents(said), said.content.filename, about)


def _judged(said: SliceResult | StfVolume, products: ProductSet) -> StfPart:
    """A part as it is judged; a slice that failed is settled, too."""
    if isinstance(said, StfVolume):
        about = said.content.model_copy(update={"histograms": {}})
        return StfPart(said.content.filename, products, 0, about)
    return StfPart(said.content.filename, products, said.content.tf_count, None, _latency_s(said))


def _documents(said: SliceResult | StfVolume) -> Documents:
    """What a part adds; a slice its products, and how long it took to get here, and nothing if it failed."""
    if isinstance(said, StfVolume):
        return [said.content.histograms]
    content = said.content
    if content.state is SliceOutcome.FAILED or content.histograms is None:
        return []
    latency_s = _latency_s(said)
    took = [] if latency_s is None else [encode(latency_products([latency_s]))]
    return [content.histograms, *took]


def _latency_s(said: SliceResult | StfVolume) -> float | None:
    egress = None if isinstance(said, StfVolume) else said.content.egress_at
    return None if egress is None else max(0.0, (now() - egress).total_seconds())


def _done(said: SliceResult | StfVolume) -> SliceDone | None:
    if isinstance(said, StfVolume):
        return None
    content = said.content
    failed = content.state is SliceOutcome.FAILED
    return SliceDone(
        fastmon_file=content.tf_filename,
        slice_id=content.slice_id,
        status=SliceStatus.FAILED if failed else SliceStatus.COMPLETED,
        processed_at=content.processed_at,
        assigned_worker=content.worker_id,
        retries=content.attempt - 1,
        result={
            "requested_at": content.requested_at.isoformat(),
            "processing_start_at": content.processing_start_at.isoformat(),
            "hostname": content.hostname,
            "error": content.result.error,
        },
    )
