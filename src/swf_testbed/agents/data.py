"""The data agent: verifies each STF file as it leaves the DAQ, registers it, and says that it may be read."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from swf_testbed.config.parameters import Data
from swf_testbed.messages import Replica, StfGen, StfReady
from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadData, shorten
from swf_testbed.model.names import derived_id
from swf_testbed.model.status import StfStatus
from swf_testbed.records import FileReplica, StfFile
from swf_testbed.runtime import BaseAgent, handles
from swf_testbed.stf.documents import file_checksum
from swf_testbed.stf.urls import local_path

_log = logging.getLogger(__name__)


class DataAgent(BaseAgent):
    """Registers what the DAQ writes; everything is idempotent, so that a message may come again."""

    agent_type: ClassVar[str] = "data"

    @handles(StfGen, batch=50)
    def ingest(self, files: Sequence[StfGen]) -> None:
        """Verify, register in one request, announce."""
        sites = [self._verified_site(said) for said in files]
        self.context.monitor.upsert([_record(said, site) for said, site in zip(files, sites, strict=True)])
        self.context.bus.publish_many(
            self._ready(said, site) for said, site in zip(files, sites, strict=True)
        )

    def _verified_site(self, said: StfGen) -> str:
        rules = self.context.parameters(said.execution_id).data
        try:
            verify(said, rules)
        except BadData as error:
            self.context.monitor.upsert([_failed(said, str(error))])
            raise
        return rules.site

    def _ready(self, said: StfGen, site: str) -> StfReady:
        fields = said.model_dump(
            exclude={"msg_type", "message_id", "sender", "timestamp", "causation_id", "schema_version"}
        )
        own = {
            "egress_at": egress_at(said),
            "file_id": file_id(said),
            "replicas": (Replica(site=site, url=said.file_url, verified=True),),
        }
        return self.context.message(StfReady, cause=said, **{**fields, **own})


def file_id(said: StfGen) -> object:
    """The identity of the STF's record."""
    return derived_id("stf-file", said.namespace, said.filename)


def egress_at(said: StfGen) -> datetime:
    """When the file left the DAQ; simulated time may be ahead of the clock, and is then not believed."""
    return min(said.timestamp, now())


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


def _record(said: StfGen, site: str) -> StfFile:
    return StfFile(
        **_announced(said),
        status=StfStatus.REGISTERED,
        replicas=(FileReplica(site=site, url=said.file_url, verified=True),),
    )


def _failed(said: StfGen, why: str) -> StfFile:
    return StfFile(**_announced(said), status=StfStatus.FAILED, metadata={"error": why})


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
