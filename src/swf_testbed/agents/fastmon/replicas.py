"""Reading an STF from the first of its copies that can be read."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from swf_testbed.messages import FailedRead, Replica, StfReady
from swf_testbed.model.errors import BadData, NotFound, Refused, SwfError, Unavailable
from swf_testbed.model.fields import SHORT_TEXT_CHARS
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import StfFile
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.urls import shown

T = TypeVar("T")
_FAILS = (BadData, NotFound, Refused, Unavailable)
_log = logging.getLogger(__name__)

ANNOUNCED = "announced"
"""Stands for the site of a copy that was announced without one."""


def copies(stf: StfReady, sites: Sequence[str], monitor: MonitorClient) -> Iterator[Replica]:
    """The copies of an STF, each once: those announced, and then those that the monitor has heard of since.

    Args:
        stf: as announced.
        sites: by preference; copies elsewhere come after them, as they were told.
        monitor: asked only if all that was announced fails.
    """
    known = {replica.url for replica in stf.replicas}
    own = () if stf.file_url in known else (Replica(site=ANNOUNCED, url=stf.file_url, verified=True),)
    yield from preferred([*own, *stf.replicas], sites)
    known.add(stf.file_url)
    try:
        record = monitor.get(StfFile, stf.filename)
    except NotFound:
        return
    later = [
        Replica(site=one.site, url=one.url, verified=one.verified)
        for one in record.replicas
        if one.url not in known
    ]
    yield from preferred(later, sites)


def preferred(replicas: Sequence[Replica], sites: Sequence[str]) -> list[Replica]:
    """By the order of the sites; what is verified comes before what is not, else as they were told."""
    rank = {site: place for place, site in enumerate(sites)}
    return sorted(replicas, key=lambda one: (rank.get(one.site, len(sites)), not one.verified))


def read_first(
    replicas: Iterator[Replica], read: Callable[[Replica], T], failed: Callable[[Replica, SwfError], None]
) -> T:
    """What `read` gives of the first copy that can be read.

    Args:
        replicas: by preference.
        read: reads one.
        failed: told of each copy that could not be read, and why.

    Raises:
        Unavailable: a copy did not answer, so that trying again may help.
        BadData, NotFound, Refused: none can be read.
    """
    errors: list[SwfError] = []
    for replica in replicas:
        try:
            return read(replica)
        except _FAILS as error:
            _log.warning("%s at %s: %s", shown(replica.url), replica.site, error)
            failed(replica, error)
            errors.append(error)
    raise next((error for error in errors if isinstance(error, Unavailable)), errors[-1])


def failed_read(replica: Replica, error: SwfError, reader: StfReader | None) -> FailedRead:
    """A copy that could not be read; `reader` counted what was read of it, if it could be opened at all."""
    return FailedRead(
        site=replica.site,
        error=str(error)[:SHORT_TEXT_CHARS],
        bytes_read=reader.bytes_read if reader else 0,
        requests=reader.requests if reader else 0,
    )
