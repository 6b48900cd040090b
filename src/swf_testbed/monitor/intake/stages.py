"""What messages say of stages of STFs: that agents have done their part."""

from collections.abc import Iterator, Sequence

from swf_testbed.messages import Message, StfArchived, StfReady, TfFileRegistered
from swf_testbed.model.clock import iso
from swf_testbed.model.status import ProcessingStatus
from swf_testbed.monitor.services.stages import DATA, FASTMON, Fact


def facts_of(messages: Sequence[Message]) -> Iterator[Fact]:
    """The facts of those messages that say any."""
    for message in messages:
        if isinstance(message, StfReady):
            yield Fact(
                message.filename,
                DATA,
                ProcessingStatus.FINISHED,
                namespace=message.namespace,
                agent=message.sender,
                received_at=message.egress_at,
                finished_at=message.timestamp,
            )
        elif isinstance(message, TfFileRegistered):
            yield Fact(
                message.stf_filename,
                FASTMON,
                ProcessingStatus.FINISHED,
                namespace=message.namespace,
                agent=message.sender,
                finished_at=message.timestamp,
            )
        elif isinstance(message, StfArchived):
            # It says nothing of when the file was ready.
            yield Fact(
                message.filename,
                DATA,
                ProcessingStatus.RECEIVED,
                namespace=message.namespace,
                metadata={"archived_at": iso(message.timestamp)},
            )
