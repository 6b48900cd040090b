"""Range reads from a real XRootD server, over its protocol and over HTTP."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from stf_samples import VECTOR

from swf_test_servers import Server, XRootD, free_port
from swf_testbed.model.errors import BadData, NotFound, Unavailable
from swf_testbed.stf.ranges import file_size, read_ranges
from swf_testbed.stf.ranges_xrootd import MAX_CHUNKS
from swf_testbed.stf.reader import StfReader

pytest.importorskip("XRootD")

WHOLE = VECTOR.read_bytes()
KINDS = ("xrootd", "http")


@pytest.fixture
def storage(start_server: Callable[[Callable[[], Server]], XRootD]) -> XRootD:
    running = start_server(XRootD)
    (running.data / VECTOR.name).write_bytes(WHOLE)
    return running


def url_of(storage: XRootD, kind: str, name: str = VECTOR.name) -> str:
    return storage.url(name) if kind == "xrootd" else storage.http_url(name)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_read_as_from_the_disk(storage: XRootD, kind: str) -> None:
    url = url_of(storage, kind)
    assert file_size(url) == len(WHOLE)
    with StfReader.open(url) as there, StfReader.open(VECTOR) as here:
        assert there.read_blocks() == here.read_blocks()
        assert [frame.tf for frame in there.read_frames()] == [int(number) for number in here.tf_numbers()]
    far = read_ranges(url, [(900, 30), (0, 64)], gap=0)
    assert far.data == [WHOLE[900:930], WHOLE[:64]]


def test_more_ranges_than_one_request_takes(storage: XRootD) -> None:
    (storage.data / "long.stf").write_bytes(data := bytes(range(251)) * 200)
    ranges = [(place * 20, 3) for place in range(MAX_CHUNKS + 100)]
    read = read_ranges(storage.url("long.stf"), ranges, gap=0)
    assert read.data == [data[offset : offset + length] for offset, length in ranges]
    assert read.bytes_read == 3 * len(ranges)
    assert read.requests == 4  # open, size, and two for the ranges


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_said_to_be_missing(storage: XRootD, kind: str) -> None:
    with pytest.raises(NotFound, match=r"nothing\.stf"):
        file_size(url_of(storage, kind, "nothing.stf"))
    with pytest.raises(BadData, match=r"has [0-9]+ bytes"):
        read_ranges(url_of(storage, kind), [(len(WHOLE) - 1, 5)])


def test_a_file_that_grows_is_read_as_far_as_it_is(storage: XRootD) -> None:
    (storage.data / "growing.stf").write_bytes(b"first")
    assert read_ranges(storage.url("growing.stf"), [(0, 5)]).data == [b"first"]
    with (storage.data / "growing.stf").open("ab") as growing:
        growing.write(b" second")
    assert read_ranges(storage.url("growing.stf"), [(6, 6)]).data == [b"second"]


def test_a_dead_server_is_given_up_while_somebody_waits(storage: XRootD) -> None:
    before = time.monotonic()
    with pytest.raises(Unavailable):
        file_size(f"root://127.0.0.1:{free_port()}//data/a.stf")
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unavailable):
        file_size(f"root://127.0.0.1:{silent.getsockname()[1]}//data/a.stf")
    storage.kill()
    with pytest.raises(Unavailable):
        file_size(storage.url(VECTOR.name))
    assert time.monotonic() - before < 60  # of itself, the client takes minutes
    storage.start()
    assert size_in_the_end(storage.url(VECTOR.name)) == len(WHOLE)


def size_in_the_end(url: str) -> int:
    """The client remembers for a moment that a server was dead."""
    for _ in range(300):
        with suppress(Unavailable):
            return file_size(url)
        time.sleep(0.2)
    raise TimeoutError(url)
