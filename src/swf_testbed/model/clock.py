"""The one clock: aware UTC times, and the only place that reads the time of day."""

import time
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The present time, aware, UTC."""
    return datetime.now(UTC)


def now_ns() -> int:
    """Nanoseconds since the Unix epoch."""
    return time.time_ns()


def from_ns(nanoseconds: int) -> datetime:
    """Aware UTC time of nanoseconds since the Unix epoch (microsecond resolution)."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest // 1000)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since the Unix epoch of an aware time."""
    since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with an offset, microseconds always written, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
