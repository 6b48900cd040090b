"""One run being merged: its sum, and what of it the monitor knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from swf_testbed.agents.merger.journal import Journal, Part, products_of
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.presentation import present
from swf_testbed.model.errors import Conflict
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Histogram, ResultsStored, RunResults, SliceDone


class RunMerge:
    """Adds parts to a run: into the journal first, then into the sum, then into the monitor."""

    def __init__(self, run_number: int, journal: Journal, monitor: MonitorClient) -> None:
        self.run_number = run_number
        self._journal, self._monitor = journal, monitor
        self._histograms = journal.load(run_number)
        self._stale = set(self._histograms.keys())
        self._see_monitor()

    def _see_monitor(self) -> None:
        known = self._monitor.results(self.run_number)
        foreign = set(known.parts) - self._histograms.parts
        if foreign:
            # Storing our sum would take these out of the plots.
            raise Conflict(
                f"run {self.run_number}: the monitor has {len(foreign)} parts, like {min(foreign)}, that are "
                "not in this merger's journal; was it lost, or does another merger run elsewhere?"
            )
        self.revision, self._posted = known.revision, set(known.parts)
        self.slices = known.slices

    @property
    def frames(self) -> int:
        """Frames whose hits are in the sum."""
        return self._histograms.frames

    def has(self, part: str) -> bool:
        """Whether a part is in the sum."""
        return part in self._histograms.parts

    def merge(self, parts: Mapping[str, Part]) -> Mapping[str, ProductSet]:
        """Add what is not yet in the sum, and give what that was.

        Raises:
            BadInput: a document is none; nothing is added.
        """
        fresh = {name: part for name, part in parts.items() if not self.has(name)}
        products = {name: products_of(part.documents) for name, part in fresh.items()}
        self._journal.write(self.run_number, fresh)
        for part, added in products.items():
            self._histograms.add(part, added)
        self._stale |= self._histograms.take_changed()
        self._journal.fold(self.run_number, self._histograms)
        return products

    def tell_monitor(
        self,
        done: Mapping[str, SliceDone | None],
        egress_at: Mapping[str, datetime | None],
        redelivered: int,
    ) -> ResultsStored | None:
        """Store the sum, and which parts it now contains; None if the monitor knew them all.

        A predecessor may have died between telling and knowing that it was heard: then the monitor says
        what it has, and is told the rest.
        """
        while wanted := [part for part in done if part not in self._posted]:
            try:
                results = self._results(wanted, done, redelivered)
                left = tuple(egress_at[part] for part in wanted)
                stored = self._monitor.post_results(results.model_copy(update={"egress_at": left}))
            except Conflict:
                before = self._posted
                self._see_monitor()
                if self._posted == before:
                    raise
                continue
            self._posted.update(wanted)
            self._stale.clear()
            self.revision = stored.revision
            self.slices += sum(done[part] is not None for part in wanted)
            return stored
        return None

    def _results(
        self, parts: Sequence[str], done: Mapping[str, SliceDone | None], redelivered: int
    ) -> RunResults:
        documents = present(self._histograms, self._stale)
        histograms = tuple(
            Histogram(
                run_number=self.run_number,
                subsystem=key.subsystem,
                name=key.product,
                content=content,
                slices=self.slices + len(parts),
                tfs=self.frames,
            )
            for key, content in documents.items()
        )
        return RunResults(
            run_number=self.run_number,
            expected_revision=self.revision,
            parts=tuple(parts),
            slices=tuple(entry for part in parts if (entry := done[part]) is not None),
            histograms=histograms,
            duplicates=redelivered,
        )
