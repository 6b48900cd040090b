"""Log lines on their way to the monitor: in batches, from a thread of its own, never waited for."""

import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from swf_testbed.model.clock import now
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor_client.client import MonitorClient
from swf_testbed.monitor_client.http import pauses
from swf_testbed.records import Log

LINGER_S = 5.0
"""How long a line waits for others: a request for each would cost more than the work it tells of."""

MAX_WAITING = 10_000_000
"""Characters, and `_LINE` for each line, that wait while the monitor is away; what is more is dropped."""

_FLUSH_S = 2.0
_LONGEST_MESSAGE = 4000
_BATCH_LINES = 1000
_BATCH = 300_000
"""As `MAX_WAITING`, of one request: less than the server takes, however many bytes a character has."""

_LINE = 500
_NAME = 200
_OWN_CLIENT = frozenset({"httpx", "httpcore"})
_OF_WORK = ("execution_id", "run_id", "username", "namespace")


class MonitorLogHandler(logging.Handler):
    """Sends records to the monitor's `logs`; while it is away they wait, and beyond a bound are dropped.

    `execution_id`, `run_id`, `username`, `namespace` come from `context`, or from the record's own `extra`.
    A line may come twice, if the monitor took it but could not say so.

    Args:
        monitor: to send with; closed with the handler. Its patience should be 0.
        app_name: the program.
        instance_name: asked at each line, as an agent learns its name late.
        context: what the thread that logs works on.
        linger_s: how long a line waits for others.
    """

    def __init__(
        self,
        monitor: MonitorClient,
        app_name: str,
        instance_name: Callable[[], str],
        context: Callable[[], Mapping[str, Any]] = dict,
        linger_s: float = LINGER_S,
    ) -> None:
        super().__init__()
        self.dropped = 0
        """Lines that nobody will see."""

        self._monitor, self._linger_s = monitor, linger_s
        self._app_name, self._instance_name, self._context = app_name, instance_name, context
        self._told_dropped = 0
        self._waiting: deque[Log] = deque()
        self._size = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._send_all, name="log-sender", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; returns at once."""
        own = threading.get_ident() == self._thread.ident
        if own or record.name.partition(".")[0] in _OWN_CLIENT:
            return
        try:
            line = self._line(record)
        except Exception:
            self.handleError(record)
            return
        with self._changed:
            if self._closing or self._size + _size(line) > MAX_WAITING:
                self.dropped += 1
                return
            self._waiting.append(line)
            self._size += _size(line)
            # The sender waits for the first line, then for a whole batch or for time.
            if len(self._waiting) in {1, _BATCH_LINES}:
                self._changed.notify()

    def close(self) -> None:
        """Send what waits, for at most 2 s."""
        with self._changed:
            first, self._closing = not self._closing, True
            self._changed.notify()
        if first:
            self._thread.join(_FLUSH_S)
            if lost := len(self._waiting) + self.dropped - self._told_dropped:
                sys.stderr.write(f"{lost} log lines did not reach the monitor\n")
        super().close()

    def _line(self, record: logging.LogRecord) -> Log:
        said = {name: value for name, value in self._context().items() if value is not None}
        said |= {name: getattr(record, name) for name in _OF_WORK if getattr(record, name, None) is not None}
        return Log(
            app_name=self._app_name,
            instance_name=_clean(self._instance_name(), _NAME),
            timestamp=datetime.fromtimestamp(record.created, UTC),
            level=max(0, record.levelno),
            levelname=_clean(record.levelname, _NAME),
            message=_clean(self.format(record), _LONGEST_MESSAGE),
            module=_clean(record.module, _NAME),
            funcname=_clean(record.funcName or "?", _NAME),
            lineno=record.lineno,
            process=record.process,
            thread=_clean(record.threadName or "?", _NAME),
            extra_data={
                "logger": _clean(record.name, _NAME),
                **{name: _plain(value) for name, value in said.items()},
            },
        )

    def _send_all(self) -> None:
        pause = pauses()
        with self._monitor:
            while batch := self._batch():
                try:
                    self._monitor.upsert(batch)
                except Unavailable:
                    with self._changed:
                        if self._changed.wait_for(lambda: self._closing, pause()):
                            return
                except Exception as error:
                    sys.stderr.write(f"{len(batch)} log lines could not be sent: {error}\n")
                    self._sent(batch)
                else:
                    pause = pauses()
                    self._sent(batch)

    def _batch(self) -> list[Log]:
        """The next lines, which stay where they are until they are sent; none when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            self._changed.wait_for(
                lambda: self._closing or len(self._waiting) >= _BATCH_LINES, self._linger_s
            )
            batch: list[Log] = []
            size = 0
            for line in self._waiting:
                size += _size(line)
                if batch and (size > _BATCH or len(batch) >= _BATCH_LINES):
                    break
                batch.append(line)
            return batch

    def _of_dropped(self, count: int) -> Log:
        return Log(
            app_name=self._app_name,
            instance_name=_clean(self._instance_name(), _NAME),
            timestamp=now(),
            level=logging.WARNING,
            levelname="WARNING",
            message=f"{count} log lines were dropped: more than could wait while the monitor was away",
        )

    def _sent(self, batch: list[Log]) -> None:
        with self._changed:
            for line in batch:
                self._waiting.popleft()
                self._size -= _size(line)
            # Told once the monitor listens again, not at each try.
            if self.dropped > self._told_dropped:
                self._waiting.append(self._of_dropped(self.dropped - self._told_dropped))
                self._size += _size(self._waiting[-1])
                self._told_dropped = self.dropped


def _size(line: Log) -> int:
    return len(line.message) + _LINE


def _plain(value: Any) -> int | str:
    return value if isinstance(value, int) else _clean(str(value), _NAME)


def _clean(text: str, limit: int) -> str:
    """What a database can keep: no NUL, nothing that is not Unicode, something, and not too much of it."""
    short = text if len(text) <= limit else text[: limit - 4] + " ..."
    return short.replace("\0", "?").encode("utf-8", "replace").decode() or "?"
