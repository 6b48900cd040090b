"""Lines of logs: anybody may append them, so their size and rate are limited."""

import threading
import time

from django.http import HttpRequest, HttpResponse

from swf_testbed.monitor.api.answers import TooMany, answer
from swf_testbed.monitor.api.bodies import document_of, records_of
from swf_testbed.monitor.services import changes
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.records import Log

_MAX_BODY = 2 * 1024 * 1024

_MAX_SENDERS = 10_000


class Allowance:
    """So many units in a window of time for each sender."""

    def __init__(self, units: int, window_s: float) -> None:
        self._units, self._window_s = units, window_s
        self._used: dict[str, int] = {}
        self._until = 0.0
        self._lock = threading.Lock()

    def take(self, sender: str, units: int) -> None:
        """Use some of the sender's allowance; `TooMany` when it is used up."""
        with self._lock:
            moment = time.monotonic()
            if moment > self._until or len(self._used) > _MAX_SENDERS:
                self._used.clear()
                self._until = moment + self._window_s
            used = self._used.get(sender, 0) + units
            if used > self._units:
                raise TooMany(
                    f"at most {self._units} in {self._window_s:g} s; try again later", self._until - moment
                )
            self._used[sender] = used


_lines = Allowance(50_000, 10.0)


def append_logs(request: HttpRequest) -> HttpResponse:
    """Append one line or an array of lines."""
    if len(request.body) > _MAX_BODY:
        return answer({"detail": f"the body is larger than {_MAX_BODY} bytes; send fewer lines"}, 413)
    document = document_of(request)
    lines = records_of(Log, document)
    _lines.take(request.META.get("REMOTE_ADDR", ""), len(lines))
    stored = changes.upsert(RESOURCES["logs"], lines)
    return answer(stored if isinstance(document, list) else stored[0], 201)
