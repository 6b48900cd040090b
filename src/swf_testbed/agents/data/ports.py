"""What the clerk and the couriers work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from swf_testbed.adapters.storage import Storage
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.archive import Archive
from swf_testbed.agents.data.notes import Notes
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.messages import Message
from swf_testbed.runtime import AgentContext


@dataclass(frozen=True, slots=True)
class Ports:
    """The archive, and whom to ask and tell.

    Attributes:
        say: hands on a message.
        damaged: told of each copy that was found damaged, or could not be made.
        batch: files in one portion.
        poll_s: how often copies under way are asked for.
    """

    context: AgentContext
    archive: Archive
    storage: Storage
    notes: Notes
    alarms: Alarms
    say: Callable[[Message], None]
    damaged: Callable[[str], None]
    batch: int
    poll_s: float

    def tell(self, archive: RunArchive, cls: type[Message], **fields: Any) -> None:
        """Say something of a run."""
        self.say(self.context.message(cls, run_id=archive.spec.run, **fields))
