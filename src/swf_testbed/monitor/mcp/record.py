"""What assistants changed is kept in the logs, with who asked, what for, and what came of it."""

import logging

from swf_testbed.model.clock import now
from swf_testbed.monitor.services import changes
from swf_testbed.monitor.services.resources import RESOURCES
from swf_testbed.records import Document, Log

APP = "mcp"


def record(who: str, tool: str, asked: Document, outcome: str, *, good: bool) -> None:
    """Keep one line.

    Args:
        who: the user whose token asked.
        tool: its name.
        asked: the arguments; `namespace` and `execution_id` among them make the line findable by these.
        outcome: in words.
        good: whether it was done.
    """
    level = logging.INFO if good else logging.WARNING
    line = Log(
        app_name=APP,
        instance_name=f"{APP}-{who}",
        timestamp=now(),
        level=level,
        levelname=logging.getLevelName(level),
        message=f"{who} asked {tool}: {outcome}",
        extra_data={**asked, "username": who, "tool": tool},
    )
    changes.upsert(RESOURCES["logs"], [line])
