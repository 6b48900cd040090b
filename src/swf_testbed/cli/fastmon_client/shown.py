"""What is shown while the stream is followed: nothing, plain lines, or JSON lines."""

import json
from typing import Any, Protocol

from swf_testbed.cli.console import show, show_table, tell
from swf_testbed.fastmon_client.statistics import latency_s
from swf_testbed.messages import Alarm, Message, QualityFlagged, TfFileRegistered
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model.states import DaqState
from swf_testbed.monitor_client import Connected, Disconnected, Event


class Shown(Protocol):
    """What `follow` tells, as it happens."""

    def event(self, event: Event, message: Message | None) -> None:
        """A message; None if this version does not know its type."""

    def connection(self, item: Connected | Disconnected, words: str | None) -> None:
        """The connection has changed; words for a person, or None if there is nothing new in it."""

    def close(self) -> None:
        """Nothing more comes: give the terminal back."""

    def end(self, summary: dict[str, Any]) -> None:
        """What it came to, after `close`."""


class JsonLines:
    """One object a line: `event` is the message's type, `connected`, `disconnected`, or `summary` at last.

    Quiet, the summary alone, and what says that messages are missing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def event(self, event: Event, message: Message | None) -> None:
        """Number, type and the message as it is."""
        del message
        if not self._quiet:
            _line(event._asdict())

    def connection(self, item: Connected | Disconnected, words: str | None) -> None:
        """Every change: a script sees a gap where it is."""
        del words
        if not self._quiet or _is_gap(item):
            _line({"event": type(item).__name__.lower(), **item._asdict()})

    def close(self) -> None:
        """Nothing is held."""

    def end(self, summary: dict[str, Any]) -> None:
        """The summary."""
        _line({"event": "summary", **summary})


class Lines:
    """A line a message on stdout, words on the connection on stderr; quiet, the summary alone."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def event(self, event: Event, message: Message | None) -> None:
        """A line."""
        if not self._quiet:
            show(line_of(event, message))

    def connection(self, item: Connected | Disconnected, words: str | None) -> None:
        """What a person should know; a gap also when quiet."""
        if words and (_is_gap(item) or not self._quiet):
            tell(words)

    def close(self) -> None:
        """Nothing is held."""

    def end(self, summary: dict[str, Any]) -> None:
        """The summary as tables."""
        show_summary(summary)


def _is_gap(item: Connected | Disconnected) -> bool:
    return isinstance(item, Connected) and item.gap


def _line(document: dict[str, Any]) -> None:
    show(json.dumps(document, default=str, separators=(",", ":")))


def line_of(event: Event, message: Message | None) -> str:
    """A message in a line: when (UTC), what, of which run, and what matters in it."""
    at = f"{message.timestamp:%H:%M:%S}Z" if message else "--:--:--Z"
    run = event.data.get("run_id")
    return "\t".join([at, event.event, "-" if run is None else f"run {run}", _says(event, message)])


def _says(event: Event, message: Message | None) -> str:
    if isinstance(message, TfFileRegistered):
        late = latency_s(message)
        words = [message.tf_filename, f"{message.tf_count} frames", size(message.file_size_bytes)]
        return ", ".join([*words, "latency unknown" if late is None else f"latency {late:.2f} s"])
    if isinstance(message, QualityFlagged):
        return quality(message)
    if isinstance(message, Lifecycle):
        return f"{message.phase.value}, {DaqState(message.state, message.substate)}"
    if isinstance(message, Alarm):
        return f"{message.severity.value} {message.state}: {message.subject}: {message.text}"
    return f"from {event.data.get('sender', '?')}"


def quality(flag: QualityFlagged) -> str:
    """A judgement in words."""
    return f"{flag.subsystem} {flag.check}: {flag.quality.value} ({flag.reason})"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.2f} {unit}"
        count /= 1000
    return f"{count:.2f} TB"


def show_summary(summary: dict[str, Any]) -> None:
    """The summary as tables; `summary` is what `Following.summary` gives."""
    rows = [(name, value) for name, value in summary.items() if not isinstance(value, list)]
    show_table("Summary", ("", ""), rows)
    for run in summary["runs"]:
        flat = [(name, value) for name, value in run.items() if not isinstance(value, dict)]
        for name in ("latency_s", "quality"):
            flat += [(f"{name}.{key}", value) for key, value in (run[name] or {}).items()]
        show_table(f"Run {run['run_id']}", ("", ""), [(name, _short(value)) for name, value in flat])


def _short(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value
