"""Copies chosen frames of a file into sample files, bit for bit, by one coalesced read of the source."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import derived_id, tf_filename
from swf_testbed.stf.documents import FileHeader
from swf_testbed.stf.errors import CrcError, OnBad
from swf_testbed.stf.frames import check_frame
from swf_testbed.stf.ranges import DEFAULT_GAP
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.writer import StfWriter

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class SkimFile:
    """One sample file. `source_bytes` and `source_requests` are of the one read all its siblings share."""

    path: Path
    part: int
    tf_first: int
    tf_last: int
    tf_count: int
    size_bytes: int
    checksum: str
    n_hits: int
    source_bytes: int
    source_requests: int


def skim(
    url: str | Path,
    tf_blocks: Iterable[Iterable[int]],
    directory: Path | str,
    name_of: Callable[[int], str] | None = None,
    *,
    gap: int = DEFAULT_GAP,
    on_bad: OnBad = None,
    client: "httpx.Client | None" = None,
) -> list[SkimFile]:
    """Write one sample file for each block of frame numbers; done again it gives the same bytes.

    Args:
        url: the source, anything `StfReader.open` takes.
        tf_blocks: the frame numbers of each file; a number the source does not have is `BadInput`.
        directory: where the files go; made if it is not there.
        name_of: file name of a part (from 1); the default is `<stf>_tf_<NNN>.tf`.
        gap: frames at most this many bytes apart are read in one piece.
        on_bad: told about each frame whose header or bank table is damaged, which is left out (and a file
            without frames is not written); None raises `CrcError`. Payloads are copied as they are.
        client: the HTTP client to use.
    """
    with StfReader.open(url, gap, client) as reader:
        return skim_open(reader, tf_blocks, directory, name_of or default_names(url), on_bad=on_bad)


def skim_open(
    reader: StfReader,
    tf_blocks: Iterable[Iterable[int]],
    directory: Path | str,
    name_of: Callable[[int], str],
    *,
    on_bad: OnBad = None,
) -> list[SkimFile]:
    """`skim` of a file that is open, whose index need not be read again."""
    blocks = [sorted({int(tf) for tf in block}) for block in tf_blocks]
    wanted = sorted({tf for block in blocks for tf in block})
    data = dict(zip(wanted, reader.read_blocks(wanted), strict=True))
    good = _intact(data, reader.url, on_bad)
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    cost = reader.bytes_read, reader.requests
    files = []
    for part, numbers in enumerate(blocks, 1):
        chosen = [tf for tf in numbers if tf in good]
        if chosen:
            path = folder / _plain_name(name_of(part))
            files.append(_write(path, part, reader.header, {tf: data[tf] for tf in chosen}, cost))
    return files


def default_names(url: str | Path) -> Callable[[int], str]:
    """The sample file names of an STF file: part → `<stf>_tf_<NNN>.tf`."""
    stf = str(url).partition("?")[0].rpartition("/")[2]
    return lambda part: tf_filename(stf, part)


def _intact(data: dict[int, bytes], file: str, on_bad: OnBad) -> set[int]:
    good = set()
    for tf, block in data.items():
        try:
            check_frame(block, file=file, tf=tf)
        except CrcError as error:
            if on_bad is None:
                raise
            on_bad(error)
        else:
            good.add(tf)
    return good


def _plain_name(name: str) -> str:
    if not name or Path(name).name != name:
        raise BadInput("name", name, "must be a file name without folders")
    return name


def _write(
    path: Path, part: int, source: FileHeader, blocks: dict[int, bytes], cost: tuple[int, int]
) -> SkimFile:
    with StfWriter(path, sample_header(source, path.name, blocks)) as writer:
        for block in blocks.values():
            writer.add_raw(block)
        done = writer.close()
    return SkimFile(
        path=path,
        part=part,
        tf_first=min(blocks),
        tf_last=max(blocks),
        tf_count=done.tf_count,
        size_bytes=done.size_bytes,
        checksum=done.checksum,
        n_hits=done.n_hits,
        source_bytes=cost[0],
        source_requests=cost[1],
    )


def sample_header(source: FileHeader, name: str, blocks: dict[int, bytes]) -> FileHeader:
    """The header of a sample: the source's, beginning at its own first frame, with a derived identity."""
    first = min(blocks)
    head, _ = check_frame(blocks[first])
    identity = derived_id(source.uuid, name, *sorted(blocks))
    return replace(source, first_tf=first, t0_ns=head.t_ns, uuid=identity)
