"""What the agent tells the monitor of copies and datasets: gathered, and sent in few requests."""

import logging
import threading
from typing import Any

from swf_testbed.model.errors import SwfError, Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Dataset, StfCopy

LINGER_S = 1.0
"""How long a note may wait for others."""

_log = logging.getLogger(__name__)


class Notes:
    """Keeps the newest of each copy and dataset until the monitor has it; safe from any thread."""

    def __init__(self, monitor: MonitorClient) -> None:
        self._monitor = monitor
        self._lock = threading.Lock()
        self._copies: dict[tuple[str, str], StfCopy] = {}
        self._datasets: dict[str, dict[str, Any]] = {}

    def copy(self, note: StfCopy) -> None:
        """How a copy stands."""
        with self._lock:
            self._copies[note.stf_file, note.site] = note

    def dataset(self, name: str, **fields: Any) -> None:
        """What is new of a dataset."""
        with self._lock:
            self._datasets.setdefault(name, {}).update(fields)

    def flush(self) -> None:
        """Send everything; what the monitor does not take now stays for the next time.

        Raises:
            Unavailable: it does not answer.
        """
        with self._lock:
            copies, self._copies = self._copies, {}
            datasets, self._datasets = self._datasets, {}
        try:
            self._monitor.upsert(list(copies.values()))
            copies = {}
            self._monitor.upsert([Dataset(name=name, **fields) for name, fields in datasets.items()])
        except Unavailable:
            self._put_back(copies, datasets)
            raise
        except SwfError:
            # Refused for good, as of a run that was deleted: kept, it would keep back all others.
            _log.exception("notes on %d copies and %d datasets are refused", len(copies), len(datasets))

    def _put_back(self, copies: dict[tuple[str, str], StfCopy], datasets: dict[str, dict[str, Any]]) -> None:
        with self._lock:
            self._copies = copies | self._copies
            for name, fields in datasets.items():
                self._datasets[name] = fields | self._datasets.get(name, {})
