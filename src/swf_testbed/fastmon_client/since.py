"""Where to begin: from what a person says to a message's number."""

import re
from datetime import datetime, timedelta

from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowMessage

EARLIEST = "earliest"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"([0-9]{1,6})([smhd])")
_ALLOWED = "must be earliest, a message's number, a time ago like 10m or 2h, or a time with an offset"


def position(monitor: MonitorClient, said: str | None, namespace: str | None) -> int | None:
    """The number of the message after which to begin; None begins with what comes now.

    Raises:
        BadInput: `said` is none of a number, `earliest`, a time ago, a time.
    """
    if said is None:
        return None
    if said == EARLIEST:
        return 0
    if said.isascii() and said.isdigit() and len(said) <= 18:
        return int(said)
    first = monitor.page(
        WorkflowMessage, limit=1, ordering="id", namespace=namespace, start_time=_moment(said)
    ).results
    return first[0].id - 1 if first and first[0].id is not None else None


def _moment(said: str) -> datetime:
    ago = _AGO.fullmatch(said)
    try:
        if ago:
            return now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        raise BadInput("--since", said, _ALLOWED) from None
    if moment.tzinfo is None:
        raise BadInput("--since", said, f"says no offset from UTC; write {said}Z if it is UTC")
    return moment
