"""Range reads: right bytes from every kind of source, near ranges in one read, everything counted."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from http_variants import BOUNDARY, serving
from hypothesis import given
from hypothesis import strategies as st
from stf_samples import VECTOR, batch, content, write

from swf_testbed.model.errors import BadData, BadInput, NotFound, Refused, SwfError, Unavailable
from swf_testbed.stf import ranges_http, ranges_xrootd
from swf_testbed.stf.ranges import coalesce, file_size, read_ranges
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.urls import shown

DATA = bytes(range(256)) * 40 + f"\r\n--{BOUNDARY}--".encode() * 5 + bytes(2000)
RANGES = [(5000, 10), (0, 3), (9000, 0), (10_230, 60), (12_000, 100), (5005, 10)]
EXPECTED = [DATA[offset : offset + length] for offset, length in RANGES]


@pytest.fixture(autouse=True)
def _retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges_http, "_WAIT_S", 0.0)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 50)), max_size=20), st.integers(0, 40))
def test_spans_cover_the_ranges_and_lie_apart(ranges: list[tuple[int, int]], gap: int) -> None:
    spans = coalesce(ranges, gap)
    for offset, length in ranges:
        assert not length or any(a <= offset and offset + length <= a + n for a, n in spans)
    for (offset, length), (after, _) in pairwise(spans):
        assert after - (offset + length) > gap
    wanted = {byte for offset, length in ranges for byte in range(offset, offset + length)}
    read = {byte for offset, length in spans for byte in range(offset, offset + length)}
    assert wanted <= read
    assert len(read) <= len(wanted) + gap * max(0, len(ranges) - 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "da ta.stf"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("scheme", ["path", "file"])
def test_local_files(path: Path, scheme: str) -> None:
    url = str(path) if scheme == "path" else path.as_uri()
    assert file_size(url) == len(DATA)
    far = read_ranges(url, RANGES, gap=0)
    assert (far.data, far.requests, far.bytes_read) == (EXPECTED, 4, 3 + 15 + 60 + 100)
    near = read_ranges(url, RANGES)
    assert (near.data, near.requests, near.bytes_read) == (EXPECTED, 1, 12_100)


@pytest.mark.parametrize(
    ("how", "requests"),
    # One request asks for the size; one may be needed to see that the server does not know many ranges.
    [("multi", 2), ("shuffled", 2), ("hull", 2), ("first", 5), ("whole", 3), ("one_or_whole", 6)],
)
def test_http_servers_of_every_kind(how: str, requests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "one_or_whole":
        monkeypatch.setattr(ranges_http, "_WHOLE_FILE_RATIO", 1)
    with serving(DATA, how) as server:
        found = read_ranges(server.url, RANGES, gap=0)
        assert found.data == EXPECTED
        assert found.requests == requests == len(server.asked)


def test_http_whole_file_is_taken_if_that_is_cheap() -> None:
    with serving(DATA, "one_or_whole") as server:
        found = read_ranges(server.url, [(0, 6000), (6100, 3000)], gap=0)
        assert found.data == [DATA[:6000], DATA[6100:9100]]
        assert found.requests == 2


def test_http_many_ranges_are_spread_over_requests() -> None:
    ranges = [(place * 20, 5) for place in range(450)]
    with serving(DATA) as server:
        found = read_ranges(server.url, ranges, gap=0)
        assert found.data == [DATA[a : a + n] for a, n in ranges]
        assert [len(asked) for asked in server.asked] == [1, 200, 200, 50]


def test_http_counts_what_it_received() -> None:
    with serving(DATA, "whole") as server:
        read = read_ranges(server.url, [(100, 5)], gap=0)
    assert 105 <= read.bytes_read <= 2 * len(DATA)


@pytest.mark.parametrize("drop", [False, True])
def test_http_failures_that_pass_are_tried_again(drop: bool) -> None:
    with serving(DATA, failures=2, drop=drop) as server:
        assert read_ranges(server.url, RANGES).data == EXPECTED


@pytest.mark.parametrize("drop", [False, True])
def test_http_failures_that_stay_are_unavailable(drop: bool) -> None:
    with serving(DATA, failures=3 if not drop else 10, drop=drop) as server, pytest.raises(Unavailable):
        read_ranges(server.url, RANGES)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NotFound), (403, Refused), (401, Refused), (500, Unavailable), (418, Unavailable)],
)
def test_http_refusals(status: int, error: type[SwfError]) -> None:
    with serving(DATA, status=status) as server, pytest.raises(error, match=str(status)):
        read_ranges(server.url, RANGES)


def test_http_answer_without_the_bytes_asked_is_not_used() -> None:
    with serving(DATA, "short") as server, pytest.raises(Unavailable, match="lacks the bytes"):
        read_ranges(server.url, RANGES)


@pytest.mark.parametrize("how", ["multi", "whole"])
def test_http_empty_file(how: str) -> None:
    with serving(b"", how) as server:
        assert file_size(server.url) == 0


def test_http_server_that_is_not_there() -> None:
    with serving(DATA) as server:
        url = server.url
    with pytest.raises(Unavailable):
        read_ranges(url, RANGES)


@pytest.mark.parametrize("how", ["multi", "first", "whole", "one_or_whole"])
def test_reader_over_http(tmp_path: Path, how: str) -> None:
    write(tmp_path / "a.stf", batch(200, 4, 200))
    data = (tmp_path / "a.stf").read_bytes()
    chosen = [5003, 5120, 5199]
    with StfReader.open(tmp_path / "a.stf") as local:
        expected = list(map(content, local.read_frames(chosen)))
    with serving(data, how) as server, StfReader.open(server.url) as reader:
        assert not reader.recovered
        assert list(map(content, reader.read_frames(chosen))) == expected
        assert how == "whole" or reader.bytes_read < len(data)


def test_bytes_behind_the_end_are_refused(path: Path) -> None:
    with pytest.raises(BadData, match=f"has {len(DATA)} bytes"):
        read_ranges(path, [(len(DATA) - 5, 6)])
    with pytest.raises(BadInput, match="negative"):
        read_ranges(path, [(-1, 5)])


@pytest.mark.parametrize(
    ("url", "error"),
    [("/nowhere/x.stf", NotFound), ("/", Unavailable), ("ftp://h/x", BadInput), ("file://h/x", BadInput)],
)
def test_urls_that_cannot_be_read(url: str, error: type[SwfError]) -> None:
    with pytest.raises(error):
        read_ranges(url, [(0, 1)])


def test_messages_keep_secrets() -> None:
    assert shown("https://me:pass@host:1/a/b.stf?token=s") == "https://host:1/a/b.stf"
    assert shown("some/path?x") == "some/path?x"


def test_xrootd_without_its_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges_xrootd.xrootd.cache_clear()
    monkeypatch.setitem(sys.modules, "XRootD", None)
    with pytest.raises(Unavailable, match=r"swf-testbed\[xrootd\]"):
        read_ranges("root://host//a.stf", [(0, 1)])


def test_xrootd_chunks_keep_the_limit() -> None:
    limit = ranges_xrootd.MAX_CHUNK_BYTES
    chunks = list(ranges_xrootd.split([(10, 2 * limit + 5), (9_000_000, 7)]))
    assert chunks == [(10, limit), (10 + limit, limit), (10 + 2 * limit, 5), (9_000_000, 7)]


def test_xrootd_client_reads_the_vector() -> None:
    """The client's own local-file protocol: vector reads without a server."""
    pytest.importorskip("XRootD")
    file = ranges_xrootd.XRootDFile(f"file://localhost{VECTOR}")
    try:
        whole = VECTOR.read_bytes()
        assert file.size() == len(whole)
        assert file.fetch([(0, 64), (512, 400)]) == [whole[:64], whole[512:912]]
        assert (file.requests, file.bytes_read) == (3, 464)
    finally:
        file.close()
