"""The other side of `asking`: whoever carries out a command says what was done, or why it was not."""

import logging
from collections.abc import Callable
from typing import Any

from swf_testbed.messages import Reply
from swf_testbed.messages.codec import encode, headers
from swf_testbed.messages.control import Command
from swf_testbed.model.errors import SwfError, Unavailable
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.runtime.context import AgentContext

_log = logging.getLogger(__name__)


def answer(context: AgentContext, command: Command, act: Callable[[], dict[str, Any]]) -> None:
    """Do, and say what was done; what the asker said wrong is the asker's to mend, not a dead letter.

    Raises:
        Unavailable: something did not answer, so that the command is better tried again.
    """
    try:
        done, error = act(), None
    except Unavailable:
        raise
    except SwfError as refusal:
        done, error = {}, str(refusal)
        _log.warning("%s refused: %s", command.msg_type, error)
    reply(context, command, done, error)


def reply(context: AgentContext, command: Command, done: dict[str, Any], error: str | None) -> None:
    """Answer a command, if its sender wants to hear."""
    if command.reply_to is None:
        return
    said = context.message(
        Reply,
        cause=command,
        correlation_id=command.correlation_id or command.message_id,
        ok=error is None,
        error=error and error[:SHORT_TEXT_CHARS],
        done=done,
    )
    context.bus.publish_body(command.reply_to, encode(said), headers(said))
