"""The histograms of a run, as `hist` objects."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from swf_testbed.fastmon.products import RUN
from swf_testbed.fastmon.uhi_codec import from_uhi
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput, NotFound, one_of
from swf_testbed.monitor_client import Changes, Event, MonitorClient
from swf_testbed.records import Histogram, Overview

if TYPE_CHECKING:
    import hist

_PAUSE_S = 15.0
"""How long to wait for news before the run is looked at anyhow: it may have ended without any."""

_CONNECT_S = 10.0


class RunHistograms:
    """One run; `subsystem` is everywhere a name like `bic_scifi` or a title like `BIC SciFi`."""

    def __init__(self, client: MonitorClient, number: int) -> None:
        self._client, self.number = client, number

    def __repr__(self) -> str:
        return f"<run {self.number}>"

    def overview(self) -> Overview:
        """How the run is: every subsystem with its quality, the worst first."""
        return self._client.overview(self.number)

    def names(self, subsystem: str) -> list[str]:
        """The histograms that a subsystem has."""
        rows = self._client.list(Histogram, run_number=self.number, subsystem=subsystem_name(subsystem))
        return sorted(row.name for row in rows)

    def histogram(self, subsystem: str, name: str) -> "hist.Hist[Any]":
        """One histogram as it is now; `name` as on the pages' files, like `adc`.

        Raises:
            BadInput: there is no such subsystem.
            NotFound: nothing of that name has been counted there; says what has.
        """
        return _hist(self._stored(subsystem_name(subsystem), name))

    def histograms(self, subsystem: str) -> dict[str, "hist.Hist[Any]"]:
        """All histograms of a subsystem, by name."""
        rows = self._client.list(Histogram, run_number=self.number, subsystem=subsystem_name(subsystem))
        return {row.name: _hist(row) for row in rows}

    def follow(self, subsystem: str, name: str) -> Iterator["hist.Hist[Any]"]:
        """The histogram now, and again whenever it has changed, until the run has ended and all is in.

        Each is the newest: what changes while you are at work is not made up for. Before anything is counted
        it waits. Break, or interrupt the kernel, to end sooner; errors as of `histogram`.
        """
        key = subsystem_name(subsystem)
        stream = self._client.events(patience_s=_CONNECT_S, run_ids=[self.number], msg_types=_MOVES)
        with stream, Changes(stream, lambda event: _concerns(event, key)) as changes:
            changes.ready(_CONNECT_S)
            seen = -1
            while True:
                # Asked first, so that what comes in after is seen in another round.
                over = self._is_over()
                row = self._newest(key, name)
                if row is not None and row.revision > seen:
                    seen = row.revision
                    yield _hist(row)
                if over:
                    return
                changes.wait(_PAUSE_S)

    def _stored(self, subsystem: str, name: str) -> Histogram:
        try:
            return self._client.get(Histogram, self.number, subsystem, name)
        except NotFound:
            there = ", ".join(self.names(subsystem)) or "nothing yet"
            raise NotFound(f"run {self.number} has no {name!r} of {subsystem}; there is {there}") from None

    def _newest(self, subsystem: str, name: str) -> Histogram | None:
        try:
            return self._client.get(Histogram, self.number, subsystem, name)
        except NotFound:
            return None

    def _is_over(self) -> bool:
        summary = self._client.summary(self.number)
        return summary.end_time is not None and not (summary.slices.queued or summary.slices.processing)


_MOVES = ("histograms_updated", "end_run")


def _concerns(event: Event, subsystem: str) -> bool:
    products = event.data.get("products")
    return not products or subsystem in products


def _hist(row: Histogram) -> "hist.Hist[Any]":
    return from_uhi(row.content)


def subsystem_name(said: str) -> str:
    """The name of a subsystem that is called so, by name or by title; `BadInput` if there is none."""
    known = {detector.title.casefold(): detector.name for detector in detectors()}
    names = {*known.values(), RUN}
    found = known.get(said.casefold()) or (said if said in names else None)
    if found is None:
        raise BadInput("subsystem", said, one_of(sorted(names)))
    return found
