"""The merger as an agent: results in, histograms out, plots told."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

from swf_testbed.agents.merger.journal import Journal
from swf_testbed.agents.merger.run import RunMerge
from swf_testbed.fastmon.codec import decode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.products import latency_products
from swf_testbed.messages import HistogramsUpdated, SliceResult, StfVolume
from swf_testbed.model.clock import now
from swf_testbed.model.status import SliceOutcome, SliceStatus
from swf_testbed.records import SliceDone, slice_part, stf_part
from swf_testbed.runtime import AgentContext, BaseAgent, handles

_RUNS_IN_MEMORY = 4

_log = logging.getLogger(__name__)


class MergerAgent(BaseAgent):
    """Adds slices and index volumes into the histograms of their run, each once."""

    agent_type: ClassVar[str] = "merger"
    prefetch: ClassVar[int] = 500

    def __init__(self, context: AgentContext) -> None:
        super().__init__(context)
        path = context.settings.state_dir / "merger" / f"{context.namespace}.sqlite3"
        self._journal = Journal(path)
        self._runs: OrderedDict[int, RunMerge] = OrderedDict()

    def on_stop(self) -> None:
        """Close the journal."""
        self._journal.close()

    @handles(SliceResult, batch=250, linger_s=0.2)
    def take_results(self, results: Sequence[SliceResult]) -> None:
        """Merge many slices with one request a run."""
        for run_number in {result.run_id for result in results}:
            self._merge_slices(run_number, [result for result in results if result.run_id == run_number])

    @handles(StfVolume, batch=250, linger_s=0.2)
    def take_volumes(self, volumes: Sequence[StfVolume]) -> None:
        """Merge what indexes say of all frames."""
        for run_number in {volume.run_id for volume in volumes}:
            mine = [volume for volume in volumes if volume.run_id == run_number]
            parts = {stf_part(volume.content.filename): decode(volume.content.histograms) for volume in mine}
            self._add(run_number, parts, dict.fromkeys(parts), mine[-1], None)

    def _merge_slices(self, run_number: int, results: Sequence[SliceResult]) -> None:
        done = {_part(result): _done(result) for result in results}
        parts = {_part(result): _products(result) for result in results}
        newest = max(results, key=lambda result: result.content.processed_at)
        self._add(run_number, parts, done, newest, _latency_s(newest))

    def _add(
        self,
        run_number: int,
        parts: dict[str, ProductSet],
        done: dict[str, Any],
        cause: SliceResult | StfVolume,
        latency_s: float | None,
    ) -> None:
        run = self._run(run_number)
        redelivered = sum(run.has(part) for part in parts)
        run.merge(parts)
        stored = run.tell_monitor(done, redelivered)
        if stored is None:
            return
        self.context.bus.publish(
            self.context.message(
                HistogramsUpdated,
                cause=cause,
                revision=stored.revision,
                slices=run.slices,
                tfs=run.frames,
                latency_s=latency_s,
            )
        )

    def _run(self, run_number: int) -> RunMerge:
        found = self._runs.get(run_number)
        if found is None:
            found = self._runs[run_number] = RunMerge(run_number, self._journal, self.context.monitor)
            while len(self._runs) > _RUNS_IN_MEMORY:
                self._runs.popitem(last=False)
        self._runs.move_to_end(run_number)
        return found


def _part(result: SliceResult) -> str:
    return slice_part(result.content.tf_filename, result.content.slice_id)


def _products(result: SliceResult) -> ProductSet:
    """What a slice adds: its products, and how long it took to get here; nothing if it failed."""
    content = result.content
    if content.state is SliceOutcome.FAILED or content.histograms is None:
        return ProductSet()
    products = decode(content.histograms)
    latency_s = _latency_s(result)
    if latency_s is not None:
        products.counts |= latency_products([latency_s]).counts
    return products


def _latency_s(result: SliceResult) -> float | None:
    egress = result.content.egress_at
    return None if egress is None else max(0.0, (now() - egress).total_seconds())


def _done(result: SliceResult) -> SliceDone:
    content = result.content
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
