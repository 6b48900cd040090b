"""Taking a file in: compared with its announcement, recorded, and announced as ready."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from swf_testbed.adapters.storage import StoredFile
from swf_testbed.adapters.storage.door import Door
from swf_testbed.config.data import Data
from swf_testbed.messages import Replica, StfGen, StfReady
from swf_testbed.messages.codec import parse
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadData, BadInput, shorten
from swf_testbed.model.names import LAST_RUN_NUMBER, derived_id
from swf_testbed.model.status import StfStatus
from swf_testbed.records import FileReplica, StfFile
from swf_testbed.runtime import AgentContext
from swf_testbed.stf.documents import file_checksum
from swf_testbed.stf.urls import local_path

_OWN = {"msg_type", "message_id", "sender", "timestamp", "causation_id", "schema_version"}


class WronglyAnnounced(NamedTuple):
    """What can be made out of an announcement that breaks the rules of messages."""

    filename: str
    run_id: int | None


def wrongly_announced(body: bytes) -> WronglyAnnounced | None:
    """The file that a body speaks of; None if it announces none."""
    try:
        document = parse(body)
    except BadInput:
        return None
    if document.get("msg_type") != StfGen.model_fields["msg_type"].default:
        return None
    name, run = document.get("filename"), document.get("run_id")
    return WronglyAnnounced(
        name if isinstance(name, str) and name else "a file without a name",
        run if isinstance(run, int) and 0 < run <= LAST_RUN_NUMBER else None,
    )


def verify(said: StfGen, rules: Data) -> None:
    """Compare a file with its announcement.

    Raises:
        BadInput: the URL is not that of a local file.
        BadData: the file is not there, or has another size or checksum.
    """
    path = local_path(said.file_url)
    if not path.is_file():
        raise BadData(f"{said.filename}: there is no file at {shorten(said.file_url)}")
    size = path.stat().st_size
    if size != said.size_bytes:
        raise BadData(f"{said.filename}: {size} bytes on disk, {said.size_bytes} announced")
    if rules.verify_checksum and (checksum := file_checksum(path)) != said.checksum:
        raise BadData(f"{said.filename}: checksum {checksum} on disk, {said.checksum} announced")


def check_same(said: StfGen, known: StoredFile | None) -> None:
    """Refuse a file that is registered, and was another; `BadData` says what differs."""
    if known is None or (known.size_bytes, known.checksum) == (said.size_bytes, said.checksum):
        return
    raise BadData(
        f"{said.filename} is registered with {known.size_bytes} bytes and checksum {known.checksum}, and is "
        f"announced again with {said.size_bytes} and {said.checksum}; the registered one stays"
    )


def stored_file(said: StfGen) -> StoredFile:
    """The file as the catalogue knows it."""
    return StoredFile(
        name=said.filename,
        size_bytes=said.size_bytes,
        checksum=said.checksum,
        url=said.file_url,
        metadata={"run_number": said.run_id, "events": said.tf_count, "stream_name": said.stream},
    )


def ready(context: AgentContext, said: StfGen, rules: Data) -> StfReady:
    """What is said of a file that may be read, here and through each door from elsewhere."""
    urls = _addresses(said, context.settings.state_dir / "exit-buffer", rules.buffer_doors)
    own = {
        "egress_at": egress_at(said),
        "file_id": file_id(said),
        "replicas": tuple(Replica(site=rules.site, url=url, verified=True) for url in urls),
    }
    return context.message(StfReady, cause=said, **{**said.model_dump(exclude=_OWN), **own})


def _addresses(said: StfGen, buffer: Path, doors: Sequence[str]) -> list[str]:
    """Where a file may be read; what lies outside the exit buffer has no door."""
    found = [said.file_url]
    with suppress(BadInput):
        found += [Door(buffer, door).outside(said.file_url) for door in doors]
    return found


def record(said: StfGen, site: str) -> StfFile:
    """The record of a file that is as it was announced."""
    return StfFile(
        **_announced(said),
        status=StfStatus.REGISTERED,
        replicas=(FileReplica(site=site, url=said.file_url, verified=True),),
        metadata={"error": None},
    )


def failed(said: StfGen, why: str) -> StfFile:
    """The record of a file that is not."""
    return StfFile(**_announced(said), status=StfStatus.FAILED, metadata={"error": why})


def file_id(said: StfGen) -> object:
    """The identity of the STF's record."""
    return derived_id("stf-file", said.namespace, said.filename)


def egress_at(said: StfGen) -> datetime:
    """When the file left the DAQ; simulated time may be ahead of the clock, and is then not believed."""
    return min(said.timestamp, now())


def _announced(said: StfGen) -> dict[str, object]:
    return {
        "stf_filename": said.filename,
        "file_id": file_id(said),
        "run": said.run_id,
        "stream": said.stream,
        "sequence": said.sequence,
        "machine_state": said.state.value,
        "file_url": said.file_url,
        "file_size_bytes": said.size_bytes,
        "checksum": said.checksum,
        "daq_state": said.state,
        "daq_substate": said.substate,
        "tf_first": said.tf_first,
        "tf_count": said.tf_count,
        "egress_at": egress_at(said),
    }
