"""Files on their way into the archive: copies verified, datasets closed, and the room that is left."""

from typing import Literal

from swf_testbed.messages.data import Replica
from swf_testbed.messages.envelope import Message
from swf_testbed.model.fields import Checksum, Count, FileName, Name, RunNumber, Seconds
from swf_testbed.model.status import BufferLevel


class StfArchived(Message):
    """An STF file is verified at every site of its dataset; `replicas` are those copies."""

    identity = ("run_id", "filename")
    msg_type: Literal["stf_archived"] = "stf_archived"
    run_id: RunNumber
    filename: FileName
    size_bytes: Count
    checksum: Checksum
    replicas: tuple[Replica, ...] = ()


class DatasetClosed(Message):
    """Every STF file that the DAQ has counted is registered in the dataset of the run, which is closed."""

    identity = ("run_id", "dataset")
    msg_type: Literal["dataset_closed"] = "dataset_closed"
    run_id: RunNumber
    dataset: Name
    scope: Name
    files: Count
    size_bytes: Count


class ExitBufferStatus(Message):
    """How full the exit buffer is; `waiting_bytes` are of files that are not at every site yet.

    `fills_in_s` is how long it would take to fill at the present rate; null where it does not fill.
    """

    msg_type: Literal["exit_buffer_status"] = "exit_buffer_status"
    level: BufferLevel
    files: Count
    used_bytes: Count
    capacity_bytes: Count
    waiting_bytes: Count
    fills_in_s: Seconds | None = None
