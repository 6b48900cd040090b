"""Recorded STF files, played again: with this run's number, sequence and times, or as they are."""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import google_crc32c
import httpx
import numpy as np

from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.model.errors import BadInput, NotFound, Unavailable
from swf_testbed.model.names import STF_SUFFIX, StfName, derived_id
from swf_testbed.stf import layout
from swf_testbed.stf.documents import FileHeader, WriteSummary, checksum_text
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.frames import check_frame
from swf_testbed.stf.partfile import PartFile
from swf_testbed.stf.ranges import RangeFile
from swf_testbed.stf.ranges_http import client_for
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.urls import local_path, shown
from swf_testbed.stf.writer import StfWriter

_PIECE = 8 * 1024 * 1024
_FIELD = "simulation.recorded"

_log = logging.getLogger(__name__)


class Recording:
    """Paths or URLs of recorded files, in the order in which they are played."""

    def __init__(self, urls: list[str]) -> None:
        self._urls = urls

    @classmethod
    def found(cls, where: str) -> "Recording":
        """What there is to play.

        Args:
            where: a folder, a file, the URL of a file, or that of a folder (with a slash at its end) of a
                web server that lists it. A folder's files are those that end in .stf, by name.

        Raises:
            BadInput: there is nothing to play.
            Unavailable: the web server does not answer.
        """
        if "://" in where and not where.startswith("file://"):
            urls = _listed(where) if urlsplit(where).path.endswith("/") else [where]
        else:
            path = local_path(where) if "://" in where else Path(where).expanduser()
            urls = sorted(map(str, path.glob("*.stf"))) if path.is_dir() else [str(path)] * path.is_file()
        if not urls:
            raise BadInput(_FIELD, shown(where), "there is no STF file to play")
        return cls(urls)

    def of_stream(self, stream: str) -> "Recording":
        """The files that say in their names that they are of a stream; all, if none does."""
        return Recording([url for url in self._urls if _stream_of(url) == stream] or self._urls)

    def __iter__(self) -> Iterator[str]:
        """From the first to the last, and again, without end."""
        return itertools.cycle(self._urls)


def _stream_of(url: str) -> str | None:
    try:
        return StfName.parse(unquote(urlsplit(url).path).rpartition("/")[2]).stream
    except BadInput:
        return None


class RecordedFiles:
    """Plays a recording as the STF files of one stream of a run.

    Args:
        recording: to play.
        restamp: whether run, sequence, stream, state and times become this run's.
        tf_per_stf: at least how far apart the first frames of two files are numbered.
    """

    def __init__(self, recording: Recording, restamp: bool, tf_per_stf: int) -> None:
        self._urls, self._restamp, self._tf_per_stf = iter(recording), restamp, tf_per_stf
        self._next_tf = 0

    def write(self, path: Path, stf: StfSlot) -> WriteSummary:
        """Write the next one under that name."""
        url = next(self._urls)
        if not self._restamp:
            return copy_stf(url, path)
        first_tf = max(self._next_tf, (stf.name.sequence - 1) * self._tf_per_stf)
        summary, self._next_tf = restamp_stf(url, path, stf, first_tf)
        return summary


def copy_stf(url: str, path: Path) -> WriteSummary:
    """A file copied byte for byte; `BadData` if it is no STF file."""
    with StfReader.open(url) as reader:
        tf, hits = reader.tf_numbers(), reader.index.n_hits
        first_tf = int(tf[0]) if len(tf) else reader.header.first_tf
    with RangeFile(url) as source, PartFile(path) as copy:
        for start in range(0, source.size, _PIECE):
            (piece,) = source.read([(start, min(_PIECE, source.size - start))])
            copy.write(piece)
        copy.commit()
        return WriteSummary(
            path=path,
            size_bytes=copy.size,
            checksum=checksum_text(copy.adler32),
            index_offset=0,
            tf_first=first_tf,
            tf_count=len(tf),
            n_hits=int(hits.sum(dtype=np.uint64)),
        )


def restamp_stf(url: str, path: Path, stf: StfSlot, first_tf: int) -> tuple[WriteSummary, int]:
    """A file written again as another STF: its frames keep their distances, and their payload bit for bit.

    A frame whose header is damaged cannot be given another, and is left out; damaged payload stays so.

    Args:
        url: of the recorded file.
        path: to write.
        stf: what it becomes.
        first_tf: number of its first frame.

    Returns:
        What was written, and the number after its last frame.
    """
    with StfReader.open(url) as reader:
        tfs = reader.tf_numbers()
        old = replace(reader.header, first_tf=int(tfs.min())) if len(tfs) else reader.header
        header = replace(
            old,
            run=stf.name.run,
            sequence=stf.name.sequence,
            first_tf=first_tf,
            t0_ns=stf.t0_ns,
            uuid=derived_id("stf", stf.name, stf.t0_ns, old.uuid),
            state=stf.state.state.value,
            substate=stf.state.substate.value if stf.state.substate else "",
            stream=stf.name.stream,
        )
        with StfWriter(path, header) as writer:
            for tf, block in reader.iter_blocks():
                try:
                    check_frame(block, file=reader.url, tf=tf)
                except CrcError as error:
                    _log.warning("left out of %s: %s", path.name, error)
                else:
                    writer.add_raw(restamped(block, old, header))
            after = first_tf + (int(tfs.max()) - old.first_tf + 1 if len(tfs) else 0)
            return writer.close(), after


def restamped(block: bytes, old: FileHeader, new: FileHeader) -> bytes:
    """A frame of one file as one of another: its number, crossing, time, run, and the checksum over them."""
    head = np.frombuffer(block, layout.FRAME_HEADER, 1).copy()
    later = new.first_tf - old.first_tf
    for field, shift in (
        ("tf", later),
        ("bc0", later * old.bc_per_tf),
        ("t_ns", new.t0_ns - old.t0_ns),
    ):
        head[field] = (int(head[field][0]) + shift) % 2**64
    head["run"] = new.run & layout.MAX_U32
    head["crc"] = google_crc32c.value(head.tobytes()[: layout.CRC_OF_HEADER])
    return head.tobytes() + block[layout.HEADER_BYTES :]


def _listed(folder: str) -> list[str]:
    """The STF files that a web server's page of a folder links to, by name."""
    try:
        with client_for(folder) as client:
            answer = client.get(folder)
    except httpx.HTTPError as error:
        raise Unavailable(f"{shown(folder)}: {error}") from None
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFound(f"{shown(folder)}: there is no such folder")
    if not answer.is_success:
        raise Unavailable(f"{shown(folder)}: the server answers {answer.status_code}")
    page = _Links()
    page.feed(answer.text)
    urls = {urljoin(folder, link) for link in page.links}
    # Only what lies in the folder itself: a page may link anywhere.
    inside = {url for url in urls if url.startswith(folder) and "/" not in url[len(folder) :]}
    return sorted(url for url in inside if unquote(urlsplit(url).path).endswith(STF_SUFFIX))


class _Links(HTMLParser):
    """Collects where a page's links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if (tag, name) == ("a", "href") and value]
