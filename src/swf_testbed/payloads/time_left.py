"""How long a payload may take."""

from swf_testbed.model.clock import now
from swf_testbed.payloads.work import Work


def time_left(work: Work, timeout_s: float) -> float:
    """The shorter of its timeout and the time until the work's deadline, s; may be negative."""
    if work.deadline is None:
        return timeout_s
    return min(timeout_s, (work.deadline - now()).total_seconds())
