"""What pages with drawings need beyond words."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template

from swf_testbed.model.clock import now
from swf_testbed.monitor.services.pictures import lateness

register = template.Library()
register.filter("lateness", lateness)


@register.filter
def since(begin: datetime) -> timedelta:
    """How long ago something began."""
    return now() - begin


@register.filter
def lasted(record: Any) -> timedelta | None:
    """How long something with `start_time` and `end_time` took; None if it has not begun, or goes on."""
    return record.end_time - record.start_time if record.start_time and record.end_time else None


@register.filter
def of_stage(reached: dict[str, Any], stage: str) -> Any:
    """What is known of one stage."""
    return reached.get(stage)


SPARK_WIDTH, SPARK_HEIGHT = 96, 20


@register.filter
def spark(values: Sequence[float]) -> str:
    """The points of a line through values, from 0 to the highest, for an SVG of 96 by 20."""
    if len(values) < 2:
        return ""
    highest = max(values) or 1.0
    step = SPARK_WIDTH / (len(values) - 1)
    return " ".join(
        f"{step * place:.1f},{(SPARK_HEIGHT - 1) * (1 - value / highest) + 0.5:.1f}"
        for place, value in enumerate(values)
    )
