"""Following the stream to the end that the person chooses, with a summary in every case."""

from collections.abc import Callable
from typing import Any

from swf_testbed.cli.console import on_terminal
from swf_testbed.cli.fastmon_client.ending import Ended, Endings, reader_may_leave
from swf_testbed.cli.fastmon_client.live import LiveView
from swf_testbed.cli.fastmon_client.shown import JsonLines, Lines, Shown
from swf_testbed.fastmon_client.connection import ConnectionLog
from swf_testbed.fastmon_client.statistics import Statistics
from swf_testbed.monitor_client import Event, EventStream, StreamItem


def shown_by(address: str, statistics: Statistics, *, as_json: bool, quiet: bool) -> Shown:
    """How to show: as asked for, else a live view to a person and lines to a pipe."""
    if as_json:
        return JsonLines(quiet=quiet)
    return LiveView(address, statistics) if on_terminal() and not quiet else Lines(quiet=quiet)


class Following:
    """Shows what a stream says.

    Args:
        stream: what is followed.
        shown: told what happens, and at the end the summary.
        statistics: fed with every message.
        heard: told of each message when it has been shown.
    """

    def __init__(
        self,
        stream: EventStream,
        shown: Shown,
        statistics: Statistics,
        heard: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._stream, self._shown, self._statistics, self._heard = stream, shown, statistics, heard
        self._connection = ConnectionLog()
        self._position: int | None = None

    def until(self, count: int | None) -> int:
        """Follow until `count` messages (None has no end), Ctrl-C or SIGTERM; the exit code."""
        code = 0
        try:
            with reader_may_leave(), Endings() as endings:
                for item in self._stream.items():
                    with endings.in_hand():
                        self._take(item)
                    if self._statistics.messages == count:
                        break
        except Ended as ended:
            code = ended.code
        finally:
            self._shown.close()
            if self._connection.begun:
                with reader_may_leave():
                    self._shown.end(self.summary())
        return code

    def _take(self, item: StreamItem) -> None:
        if isinstance(item, Event):
            self._shown.event(item, self._statistics.add(item))
            self._heard(item)
            self._position = item.id
            return
        words = self._connection.hear(item)
        if self._connection.begun:
            self._shown.connection(item, words)
        if self._position is None:
            self._position = self._stream.last_event_id

    def summary(self) -> dict[str, Any]:
        """What was heard; `last_event_id` is where `--since` goes on."""
        return {
            "messages": self._statistics.messages,
            "not_understood": self._statistics.not_understood,
            "last_event_id": self._position,
            **self._connection.document(),
            "alarms": len(self._statistics.alarms),
            "runs": [run.document() for run in self._statistics.runs],
        }
