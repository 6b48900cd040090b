"""Asking over the bus: a command, and the answer of whoever carries it out."""

import contextlib
import time
from typing import Any
from uuid import uuid4

from swf_testbed.bus import Bus, Subscription
from swf_testbed.messages import Reply, decode
from swf_testbed.messages.control import Command
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused, Unavailable

ANSWER_S = 60.0
"""How long an answer may take: the workflow runner writes the execution first."""


def ask(bus: Bus, command: Command, whom: str, answer_s: float = ANSWER_S) -> dict[str, Any]:
    """Send a command and wait for what was done.

    Args:
        bus: a connection.
        command: what is asked; where it is answered is set here.
        whom: who answers, in words, for errors.
        answer_s: how long to wait, s.

    Raises:
        Refused: in the words of whoever was asked.
        Unavailable: no answer in that time.
    """
    reply_to = destinations.replies(f"{command.sender}-{uuid4().hex}")
    asked = command.model_copy(update={"reply_to": reply_to, "correlation_id": uuid4()})
    until = time.monotonic() + answer_s
    with contextlib.closing(bus.subscribe(Subscription(reply_to))) as inbox:
        bus.publish(asked, timeout_s=answer_s)
        while (left := until - time.monotonic()) > 0:
            for delivery in inbox.take(timeout_s=left):
                inbox.ack([delivery])
                reply = decode(delivery.body)
                if isinstance(reply, Reply) and reply.correlation_id == asked.correlation_id:
                    return _done(reply, whom)
    raise Unavailable(f"{whom} did not answer {command.msg_type} within {answer_s:.0f} s")


def _done(reply: Reply, whom: str) -> dict[str, Any]:
    if not reply.ok:
        raise Refused(f"{whom} refuses: {reply.error}")
    return reply.done
