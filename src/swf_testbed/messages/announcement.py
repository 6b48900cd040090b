"""What people and assistants tell everyone who listens."""

from typing import Any, Literal

from pydantic import Field

from swf_testbed.messages.envelope import Message
from swf_testbed.model.fields import ShortText


class Announcement(Message):
    """A text for everybody on the stream; no agent acts on it."""

    msg_type: Literal["announcement"] = "announcement"
    text: ShortText
    metadata: dict[str, Any] = Field(default_factory=dict)
