"""Messages as somebody stores them over REST: notes with a number."""

from typing import Any
from uuid import uuid4

from swf_testbed.model.clock import now
from swf_testbed.records import WorkflowMessage


def note(namespace: str, number: int, kind: str = "note", **more: Any) -> WorkflowMessage:
    """One of them; `more` are fields of the record."""
    return WorkflowMessage.model_validate(
        {
            "message_id": uuid4(),
            "message_type": kind,
            "sender_agent": "test-agent-a-1",
            "namespace": namespace,
            "message_content": {"number": number, "text": "\u2028 \r\n\n x"},
            "sent_at": now(),
            **more,
        }
    )
