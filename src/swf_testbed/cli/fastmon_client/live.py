"""The live view: runs, the latest samples, and what is not good, on a terminal of any width."""

import threading
from collections import deque
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from swf_testbed.cli.fastmon_client.columns import RUN_COLUMNS, SAMPLE_COLUMNS, table_of
from swf_testbed.cli.fastmon_client.shown import quality, show_summary
from swf_testbed.fastmon_client.statistics import Statistics
from swf_testbed.messages import Message, TfFileRegistered
from swf_testbed.model.clock import now
from swf_testbed.monitor_client import Connected, Disconnected, Event

_REFRESH_PER_S = 4
_MOST_SAMPLES, _MOST_RUNS, _MOST_FLAGS = 40, 5, 8
_OTHER_LINES = 14
"""Lines that heads and frames take; the rest of the terminal is for samples."""

_COLOURS = {"bad": "red", "medium": "yellow", "error": "red", "warning": "yellow"}


class LiveView:
    """Draws some times a second, from a thread of rich's; what it shows is told by another."""

    def __init__(self, address: str, statistics: Statistics) -> None:
        self._address, self._statistics = address, statistics
        self._samples: deque[TfFileRegistered] = deque(maxlen=_MOST_SAMPLES)
        self._words = Text("connecting", "yellow")
        self._lock = threading.Lock()
        self._console = Console()
        self._live = Live(
            get_renderable=self._drawn,
            refresh_per_second=_REFRESH_PER_S,
            console=self._console,
            transient=True,
        )
        self._live.start()

    def event(self, event: Event, message: Message | None) -> None:
        """Keep a sample to be shown."""
        del event
        if isinstance(message, TfFileRegistered):
            with self._lock:
                self._samples.appendleft(message)

    def connection(self, item: Connected | Disconnected, words: str | None) -> None:
        """Say it in the view, and what a person should not miss above it, to stay."""
        if words is None:
            return
        style = "red" if isinstance(item, Disconnected) or item.gap else "green"
        with self._lock:
            self._words = Text(f"{now():%H:%M:%S}Z {words}", style)
        if style == "red" or "again" in words:
            self._console.print(self._words)

    def close(self) -> None:
        """Stop drawing; what was drawn is taken away."""
        self._live.stop()

    def end(self, summary: dict[str, Any]) -> None:
        """The summary as tables."""
        show_summary(summary)

    def _drawn(self) -> RenderableType:
        with self._lock:
            head = Text.assemble((self._address, "bold"), f"  {now():%Y-%m-%d %H:%M:%S} UTC  ", "Ctrl-C ends")
            parts: list[RenderableType] = [head, self._words, self._runs(), self._latest()]
            parts += self._not_good()
        return Group(*parts)

    def _runs(self) -> RenderableType:
        runs = self._statistics.runs[-_MOST_RUNS:]
        return table_of("Runs", RUN_COLUMNS, runs, self._console.width)

    def _latest(self) -> RenderableType:
        room = max(3, self._console.height - _OTHER_LINES - _MOST_RUNS)
        samples = list(self._samples)[:room]
        return table_of("Samples, the latest first", SAMPLE_COLUMNS, samples, self._console.width)

    def _not_good(self) -> list[RenderableType]:
        flags = [
            (f"run {run.run}: {quality(flag)}", flag.quality.value)
            for run in self._statistics.runs
            for flag in run.flagged
        ]
        alarms = [
            (f"alarm: {alarm.subject}: {alarm.text}", alarm.severity.value)
            for alarm in tuple(self._statistics.alarms.values())
        ]
        said = [*alarms, *flags]
        more = [Text(f"and {len(said) - _MOST_FLAGS} more")] if len(said) > _MOST_FLAGS else []
        return [*(Text(text, _COLOURS.get(kind, "")) for text, kind in said[:_MOST_FLAGS]), *more]
