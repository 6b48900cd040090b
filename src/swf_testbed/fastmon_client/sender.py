"""Puts test messages on the stream, over REST, so that one can see whether they arrive."""

import threading
from collections.abc import Iterator

from swf_testbed.messages import Message, SseTest
from swf_testbed.model.errors import BadInput
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowMessage

MOST = 10_000
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 86_400.0


def send_tests(  # what is said, where, how often
    monitor: MonitorClient,
    namespace: str,
    sender: str,
    *,
    text: str,
    count: int,
    every_s: float | None,
) -> Iterator[SseTest]:
    """Send `count` messages, `every_s` apart; each is given when the monitor has stored it.

    Raises:
        BadInput: more than one without a pause, or a count or pause out of bounds.
    """
    if not 1 <= count <= MOST:
        raise BadInput("--count", count, f"must be from 1 to {MOST}")
    if every_s is None and count > 1:
        raise BadInput("--count", count, "needs --every SECONDS")
    if every_s is not None and not SHORTEST_PAUSE_S <= every_s <= LONGEST_PAUSE_S:
        raise BadInput("--every", every_s, f"must be from {SHORTEST_PAUSE_S} to {LONGEST_PAUSE_S:.0f} s")
    pause = threading.Event()
    for sequence in range(1, count + 1):
        message = SseTest(namespace=namespace, sender=sender, sequence=sequence, total=count, text=text)
        monitor.upsert([_stored(message)])
        yield message
        if sequence < count:
            pause.wait(every_s)


def _stored(message: Message) -> WorkflowMessage:
    return WorkflowMessage(
        message_id=message.message_id,
        message_type=message.msg_type,
        sender_agent=message.sender,
        namespace=message.namespace,
        message_content=message.model_dump(mode="json"),
        sent_at=message.timestamp,
    )
