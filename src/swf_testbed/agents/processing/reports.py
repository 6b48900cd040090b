"""Reports of jobs, written down in a thread of its own: many at a time, and again until it succeeds."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from swf_testbed.adapters.production import JobReport
from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime.patience import Stopping, persist

_log = logging.getLogger(__name__)

_MOST = 200
"""Reports in one go."""


class Reports:
    """Takes reports from engines, which need not wait.

    Args:
        note: writes reports down, of each file the newest; may be called again with the same.
        stopping: set when the agent ends; what is not written is found again by the next one.
    """

    def __init__(self, note: Callable[[Sequence[JobReport]], None], stopping: threading.Event) -> None:
        self._note, self._stopping = note, stopping
        self._waiting: queue.Queue[JobReport | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="reports")
        self._thread.start()

    def put(self, reports: Sequence[JobReport]) -> None:
        """Leave some here."""
        for report in reports:
            self._waiting.put(report)

    def stop(self) -> None:
        """Write down what is here, if that succeeds at once, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            newest: dict[str, JobReport] = {}
            said = self._waiting.get()
            while said is not None and len(newest) < _MOST:
                newest[said.filename] = said
                try:
                    said = self._waiting.get_nowait()
                except queue.Empty:
                    break
            ended = said is None
            if newest:
                self._write(list(newest.values()))

    def _write(self, reports: Sequence[JobReport]) -> None:
        try:
            persist(lambda: self._note(reports), self._stopping, _log_retry)
        except Stopping:
            _log.info("asked to end; %d reports are found again by the next one", len(reports))
        except Exception:
            _log.exception("reports that cannot be written: %s", [report.filename for report in reports])


def _log_retry(error: Exception, delay: float) -> None:
    level = logging.WARNING if isinstance(error, Unavailable) else logging.ERROR
    _log.log(level, "reporting jobs: again in %.1f s: %s", delay, error)
