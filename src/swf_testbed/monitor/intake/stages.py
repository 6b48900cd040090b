"""What messages say of stages of STFs: that agents have done their part."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from swf_testbed.messages import Message, StfArchived, StfReady, TfFileRegistered
from swf_testbed.model.clock import iso
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.monitor.services.stages import DATA, FASTMON, Fact


def facts_of(messages: Sequence[Message]) -> Iterator[Fact]:
    """The facts of those messages that say any."""
    for said in messages:
        match said:
            case StfReady():
                yield _fact(said, DATA, said.filename, said.egress_at)
            case TfFileRegistered():
                yield _fact(said, FASTMON, said.stf_filename)
            case StfArchived():
                # It says nothing of when the file was ready, nor who made it so.
                archived = {"archived_at": iso(said.timestamp)}
                yield Fact(
                    said.filename,
                    DATA,
                    ProcessingStatus.RECEIVED,
                    namespace=said.namespace,
                    metadata=archived,
                )


def _fact(said: Message, agent_type: str, filename: str, received_at: datetime | None = None) -> Fact:
    """Its sender has done its part in a file."""
    return Fact(
        filename,
        agent_type,
        ProcessingStatus.FINISHED,
        namespace=said.namespace,
        agent=said.sender,
        received_at=received_at,
        finished_at=said.timestamp,
    )
