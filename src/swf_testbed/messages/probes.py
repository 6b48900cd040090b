"""Messages that are sent to see whether they arrive."""

from typing import Literal

from swf_testbed.messages.envelope import Message
from swf_testbed.model.fields import Positive, ShortText


class SseTest(Message):
    """Number `sequence` of `total` test messages; nobody acts on it."""

    msg_type: Literal["sse_test"] = "sse_test"
    sequence: Positive
    total: Positive
    text: ShortText = ""
