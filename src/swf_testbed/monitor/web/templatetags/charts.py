"""What pages with drawings need beyond words."""

from datetime import datetime, timedelta
from typing import Any

from django import template

from swf_testbed.model.clock import now

register = template.Library()


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
