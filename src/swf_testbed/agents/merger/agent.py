"""The merger as an agent: results in, histograms out, plots told."""

import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import ClassVar

from swf_testbed.agents.merger.journal import Documents, Journal
from swf_testbed.agents.merger.run import RunMerge
from swf_testbed.fastmon.codec import encode
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

    @handles(SliceResult, StfVolume, batch=250, linger_s=0.1)
    def merge(self, said: Sequence[SliceResult | StfVolume]) -> None:
        """Merge many parts with one request a run."""
        for run_number in sorted({message.run_id for message in said}):
            self._merge_run(run_number, [message for message in said if message.run_id == run_number])

    def _merge_run(self, run_number: int, said: Sequence[SliceResult | StfVolume]) -> None:
        run = self._run(run_number)
        parts = {_part(message): _documents(message) for message in said}
        redelivered = len(said) - len(parts) + sum(run.has(part) for part in parts)
        began = time.perf_counter()
        run.merge(parts)
        merged = time.perf_counter()
        stored = run.tell_monitor({_part(message): _done(message) for message in said}, redelivered)
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

    def _run(self, run_number: int) -> RunMerge:
        found = self._runs.get(run_number)
        if found is None:
            found = self._runs[run_number] = RunMerge(run_number, self._journal, self.context.monitor)
            while len(self._runs) > _RUNS_IN_MEMORY:
                self._runs.popitem(last=False)
        self._runs.move_to_end(run_number)
        return found


def _part(said: SliceResult | StfVolume) -> str:
    if isinstance(said, StfVolume):
        return stf_part(said.content.filename)
    return slice_part(said.content.tf_filename, said.content.slice_id)


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
