"""Beginning with a run, or going on where an earlier process has left it, from what the monitor knows."""

import time

from swf_testbed.adapters.storage import Copy, CopyState, DatasetSpec, Did, StoredFile
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.config.data import Data
from swf_testbed.model.clock import now
from swf_testbed.model.errors import NotFound
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import DatasetStatus, StfStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Dataset, Run, StfFile

_DAY_S = 86_400


def begin(monitor: MonitorClient, run: int, namespace: str, rules: Data) -> RunArchive:
    """A run as the monitor knows it; one that it does not know is written there first."""
    known = recall(monitor, run, namespace)
    if known is not None:
        return known
    spec = _spec(run, namespace, rules.scope, rules.sites, rules.lifetime_days * _DAY_S or None)
    record = Dataset(
        name=spec.did.name,
        scope=spec.did.scope,
        run=run,
        status=DatasetStatus.OPEN,
        storage=rules.storage,
        sites=spec.sites,
        opened_at=now(),
        metadata=dict(spec.metadata),
    )
    monitor.upsert([record])
    return RunArchive(spec)


def recall(monitor: MonitorClient, run: int, namespace: str) -> RunArchive | None:
    """A run as the monitor knows it: its files, in the order in which they came, and their copies."""
    try:
        dataset = monitor.get(Dataset, dataset_name(run))
    except NotFound:
        return None
    archive = RunArchive(
        _spec(run, namespace, dataset.scope or "", dataset.sites, None), status=dataset.status
    )
    archive.expected = dataset.expected_files
    if archive.expected is None:
        archive.expected = monitor.get(Run, run).total_stf_files
    if archive.expected is not None and archive.status is DatasetStatus.OPEN:
        archive.status = DatasetStatus.CLOSING
    found = monitor.list(StfFile, run=run)
    for file in sorted(found, key=lambda file: file.id or 0):
        if file.status is not StfStatus.FAILED and file.checksum and file.file_url:
            _add(archive, file)
    return archive


def unfinished(monitor: MonitorClient, namespace: str) -> list[int]:
    """The runs of a namespace whose files are not all archived, oldest first."""
    waiting = (DatasetStatus.OPEN, DatasetStatus.CLOSING, DatasetStatus.CLOSED)
    found = [one for status in waiting for one in monitor.list(Dataset, namespace=namespace, status=status)]
    return sorted(one.run for one in found if one.run is not None)


def _spec(
    run: int, namespace: str, scope: str, sites: tuple[str, ...], lifetime_s: float | None
) -> DatasetSpec:
    return DatasetSpec(
        did=Did(scope, dataset_name(run)),
        run=run,
        sites=sites,
        lifetime_s=lifetime_s,
        metadata={"run_number": run, "project": namespace},
    )


def _add(archive: RunArchive, file: StfFile) -> None:
    assert file.checksum is not None and file.file_url is not None  # noqa: S101, PT018  # asked by the caller
    archive.add(
        StoredFile(
            name=file.stf_filename,
            size_bytes=file.file_size_bytes or 0,
            checksum=file.checksum,
            url=file.file_url,
            metadata={"run_number": archive.spec.run, "events": file.tf_count or 0},
        ),
        time.monotonic(),
    )
    for copy in file.replicas:
        if copy.site in archive.spec.sites and copy.verified:
            there = Copy(file.stf_filename, copy.site, CopyState.VERIFIED, copy.url or "")
            archive.settle(there, 0.0, 0.0)
