"""The parser of server-sent events: the specification's own examples, and any bytes cut anywhere."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.model.errors import BadData
from swf_testbed.monitor_client.sse_parser import LONGEST_EVENT, ServerEvent, SseParser


def parsed(*pieces: bytes) -> list[ServerEvent]:
    parser = SseParser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", None)]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
            [("message", "first event", "1"), ("message", "second event", "")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", None), ("message", "\n", None)]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", None)] * 2),
        (b"\xef\xbb\xbfevent: x\ndata: y\n\n", [("x", "y", None)]),
        (b"event: x\r\ndata: y\r\n\r\nevent: x\rdata: y\r\r", [("x", "y", None)] * 2),
        (b"event: lost\n\ndata: y\n\n", [("message", "y", None)]),
        (b"id: a\0b\ndata: y\n\n", [("message", "y", None)]),
        (b"colour: red\n: word\ndata: y\n\n", [("message", "y", None)]),
        ("data: \u2028 \u0085 x\n\n".encode(), [("message", "\u2028 \u0085 x", None)]),
        (b"data: \xff\n\n", [("message", "\ufffd", None)]),
    ],
)
def test_bodies_of_the_specification(body: bytes, expected: list[tuple[str, str, str | None]]) -> None:
    assert parsed(body) == expected


@pytest.mark.parametrize(("said", "understood"), [(b"3000", 3000), (b"-1", None), (b"3s", None), (b"", None)])
def test_retry_is_digits_or_nothing(said: bytes, understood: int | None) -> None:
    parser = SseParser()
    assert list(parser.feed(b"retry: " + said + b"\n\n")) == []
    assert parser.retry_ms == understood


def test_an_id_without_data_moves_on_and_is_no_event() -> None:
    parser = SseParser()
    assert list(parser.feed(b"id: 7\ndata: x\n\n: heartbeat\nid: 9\n\nid: 11\n")) == [("message", "x", "7")]
    assert parser.last_id == "9"


_LINES = st.sampled_from([b"data: ", b"data", b"id: 7", b"event: a", b": c", b"retry: 5", b"", b"\xff\0"])
_ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(
    body=st.lists(st.tuples(_LINES, st.binary(max_size=5), _ENDS), max_size=20).map(
        lambda lines: b"".join(part for line in lines for part in line)
    ),
    cuts=st.lists(st.integers(0, 200), max_size=30),
)
def test_where_the_body_is_cut_makes_no_difference(body: bytes, cuts: list[int]) -> None:
    edges = sorted({0, *(min(cut, len(body)) for cut in cuts), len(body)})
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]
    assert parsed(*pieces) == parsed(body) == parsed(*(bytes([byte]) for byte in body))


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_bytes_break_it(pieces: list[bytes]) -> None:
    for event in parsed(*pieces):
        assert event.event


@given(
    event=st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
    data=st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1),
    number=st.integers(0, 2**62),
)
def test_what_was_written_is_read(event: str, data: str, number: int) -> None:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    assert parsed(f"id: {number}\nevent: {event}\n{lines}\n".encode()) == [(event, data, str(number))]


def test_a_long_event_is_one_event_and_an_endless_one_is_refused() -> None:
    long = b"x" * (8 * 1024 * 1024)
    assert [len(event.data) for event in parsed(b"data: ", *([long[:65536]] * 128), b"\n\n")] == [len(long)]
    with pytest.raises(BadData, match="longer than"):
        parsed(*([b"data: " + long[:65536] + b"\n"] * (LONGEST_EVENT // 65536)))
    with pytest.raises(BadData, match="longer than"):
        parsed(*([long[:65536]] * (LONGEST_EVENT // 65536 + 1)))
