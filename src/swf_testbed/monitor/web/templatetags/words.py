"""Numbers, times and states as the pages write them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from swf_testbed.model.clock import iso, now
from swf_testbed.model.status import AGENT_STALE_S

register = template.Library()

NOTHING = "\N{EN DASH}"
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")

_TONES = {
    "good": {"completed", "OK", "READY", "processed", "done", "idle", "good", "verified", "archived", "low"},
    "active": {"imminent", "physics", "running", "PROCESSING", "processing", "busy"},
    "medium": {
        *(
            "waiting",
            "arrived",
            "high",
            "standby",
            "pending",
            "WARNING",
            "STARTING",
            "starting",
            "draining",
            "medium",
            "terminated",
        ),
        "warning",
    },
    "bad": {"full", "aborted", "failed", "ERROR", "bad", "CRITICAL", "error"},
}
_TONE = {word: tone for tone, words in _TONES.items() for word in words}


@register.filter
def word(value: object) -> SafeString:
    """A state or status, in the colour of what it means."""
    if value is None or value == "":
        return SafeString(NOTHING)
    return format_html('<span class="word {}">{}</span>', _TONE.get(str(value), ""), value)


@register.filter
def text(value: object, most: int = 160) -> SafeString:
    """A text from outside: its direction stays its own, and what is too long is cut off."""
    if value is None or value == "":
        return SafeString(NOTHING)
    said = str(value)
    return format_html("<bdi>{}</bdi>", said if len(said) <= most else f"{said[: most - 1]}…")


@register.filter
def yes(value: object) -> str:
    """Whether something is so."""
    return "yes" if value else "no"


_BECAUSE = {"null": "not judged yet", "good": "as expected"}


@register.filter
def because(quality: object) -> str:
    """What a quality means that comes without a reason."""
    return _BECAUSE.get(str(quality), "")


@register.filter
def brief(value: object) -> SafeString:
    """The beginning of an identity."""
    return format_html('<code title="{}">{}</code>', value, str(value)[:8])


@register.filter
def listed(values: Sequence[object] | None) -> SafeString:
    """Several names."""
    return text(", ".join(str(value) for value in values or ()))


@register.filter
def heartbeat(value: datetime | None) -> SafeString:
    """When an agent was last heard, and whether that is too long ago."""
    if value is not None and now() - value <= timedelta(seconds=AGENT_STALE_S):
        return moment(value)
    return format_html('{} <span class="word medium">stale</span>', moment(value))


@register.filter
def moment(value: datetime | None) -> SafeString:
    """A time as UTC; `times.js` turns it into the reader's zone."""
    if value is None:
        return SafeString(NOTHING)
    return format_html('<time datetime="{}">{}</time>', iso(value), f"{value:%Y-%m-%d %H:%M:%S} UTC")


@register.filter
def size(value: float | None) -> str:
    """Bytes, in powers of 1000, three digits."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in _SIZES:
        if abs(amount) < 999.5 or unit == _SIZES[-1]:
            break
        amount /= 1000
    return f"{three_digits(amount)}\N{NO-BREAK SPACE}{unit}"


@register.filter
def rate(value: float | None, unit: str = "Hz") -> str:
    """A rate, in powers of 1000, three digits."""
    if value is None:
        return NOTHING
    amount, prefix = float(value), ""
    for prefix in ("", "k", "M", "G", "T"):  # noqa: B007  # the last that was looked at counts
        if abs(amount) < 999.5:
            break
        amount /= 1000
    return f"{three_digits(amount)}\N{NO-BREAK SPACE}{prefix}{unit}"


@register.filter
def percent(value: float | None) -> str:
    """A fraction as percent, three digits."""
    return NOTHING if value is None else f"{three_digits(100 * value)}\N{NO-BREAK SPACE}%"


@register.filter
def span(value: timedelta | float | None) -> str:
    """A duration: `340 ms`, `12.3 s`, `4 min 05 s`, `2 h 07 min`."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 1:
        return f"{seconds * 1000:.0f}\N{NO-BREAK SPACE}ms"
    if seconds < 60:
        return f"{three_digits(seconds)}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def count(value: float | None) -> str:
    """A number with its thousands apart."""
    return NOTHING if value is None else f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@register.filter
def significant(value: float | None) -> str:
    """A number with four significant digits, however small or large."""
    if value is None:
        return NOTHING
    return count(value) if float(value).is_integer() else f"{value:.4g}"


@register.filter
def three_digits(value: float | None) -> str:
    """A number with three significant digits, or as a whole."""
    if value is None:
        return NOTHING
    whole = len(f"{abs(value):.0f}") if abs(value) >= 1 else 1
    return f"{value:.{max(0, 3 - whole)}f}"
