"""Where the files of a run are, in which state, and why; from what the monitor knows, and read anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import adler32

from swf_testbed.model.errors import NotFound, SwfError
from swf_testbed.model.names import dataset_name
from swf_testbed.model.status import CopyState, StfStatus
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Dataset, FileReplica, StfFile
from swf_testbed.stf.documents import checksum_text
from swf_testbed.stf.ranges import RangeFile

_PIECE = 8 * 1024 * 1024
REFUSED = "refused"
"""What is said of a file that is not what was announced, in place of the state of a copy."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One file, and its copies by site; `missing` are the sites where it has to be and is not verified."""

    file: StfFile
    copies: dict[str, FileReplica]
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """A copy that was read anew; `problem` is empty if it is as it was announced."""

    filename: str
    site: str
    problem: str


def dataset_of(monitor: MonitorClient, run: int) -> Dataset:
    """The dataset of a run; `NotFound` says when there is one."""
    try:
        return monitor.get(Dataset, dataset_name(run))
    except NotFound:
        raise NotFound(
            f"run {run} has no dataset; the data agent makes one when a run is announced"
        ) from None


def whereabouts(monitor: MonitorClient, run: int) -> tuple[Dataset, list[Whereabouts]]:
    """The dataset of a run, and every one of its files."""
    dataset = dataset_of(monitor, run)
    files = monitor.list(StfFile, run=run, ordering="stream,sequence,stf_filename")
    return dataset, [_whereabouts(dataset, file) for file in files]


def _whereabouts(dataset: Dataset, file: StfFile) -> Whereabouts:
    copies = {copy.site: copy for copy in file.replicas}
    missing = {site: why for site in dataset.sites if (why := _why(file, copies.get(site)))}
    return Whereabouts(file, copies, missing)


def _why(file: StfFile, copy: FileReplica | None) -> str:
    """Why a file is not verified at a site; empty if it is."""
    if file.status is StfStatus.FAILED:
        return str(file.metadata.get("error") or REFUSED)
    if copy is None:
        return CopyState.WAITING.value
    if copy.verified:
        return ""
    return copy.problem or (copy.state or CopyState.WAITING).value


def lacking(dataset: Dataset, found: list[Whereabouts]) -> str:
    """What of the DAQ's count is not even registered, in words; empty if nothing is known to lack."""
    good = sum(one.file.status is not StfStatus.FAILED for one in found)
    if dataset.expected_files is None or good >= dataset.expected_files:
        return ""
    return f"{good} of the {dataset.expected_files} files that the DAQ has counted are registered"


def verified(found: list[Whereabouts], sites: tuple[str, ...] = ()) -> Iterator[Checked]:
    """Read every copy that is said to be verified, at all sites or some."""
    for one in found:
        for site, copy in one.copies.items():
            if copy.verified and copy.url and (not sites or site in sites):
                yield Checked(one.file.stf_filename, site, _problem(one.file, copy.url))


def _problem(file: StfFile, url: str) -> str:
    """What is wrong with the bytes at a URL; nothing is changed there."""
    value = 1
    try:
        with RangeFile(url) as there:
            size = there.size
            for start in range(0, size, _PIECE):
                value = adler32(there.read([(start, min(_PIECE, size - start))])[0], value)
    except SwfError as error:
        return str(error)
    if size != file.file_size_bytes:
        return f"{size} bytes, {file.file_size_bytes} announced"
    checksum = checksum_text(value)
    return "" if checksum == file.checksum else f"checksum {checksum}, {file.checksum} announced"
