"""STOMP on the wire: whatever pieces it comes in, it is read the same; nonsense is refused, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.broker.frames import VERSIONS, Frame, Parser, ProtocolError, encode
from swf_testbed.broker.limits import Limits

LIMITS = Limits(max_frame=2000, max_headers=10, max_header_bytes=1000)

_commands = st.sampled_from(["SEND", "MESSAGE", "SUBSCRIBE", "ACK", "RECEIPT"])
_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_names = _text.filter(bool).filter(lambda name: name != "content-length")
_frames = st.builds(
    Frame, _commands, st.dictionaries(_names, _text, max_size=5), st.binary(max_size=40).filter(bool)
)


def _length(frame: Frame) -> Frame:
    return Frame(frame.command, {**frame.headers, "content-length": str(len(frame.body))}, frame.body)


def _read(pieces: list[bytes], version: str = "1.2") -> tuple[list[Frame], str]:
    parser = Parser(LIMITS)
    parser.version = version
    frames: list[Frame] = []
    try:
        for piece in pieces:
            for frame in parser.frames(piece):
                frames.append(frame)  # noqa: PERF402  # those before an error count
    except ProtocolError as error:
        return frames, str(error)
    return frames, ""


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(_frames, max_size=4), st.lists(st.integers(0, 10_000), max_size=8))
def test_frames_survive_the_wire_in_any_pieces(frames: list[Frame], places: list[int]) -> None:
    data = b"".join(b"\n" + encode(frame, "1.2") + b"\r\n" for frame in frames)
    assert _read(_cut(data, places)) == ([_length(frame) for frame in frames], "")


@given(_frames)
def test_version_1_1_has_three_escapes(frame: Frame) -> None:
    assert _read([encode(frame, "1.1")], "1.1") == ([_length(frame)], "")


@given(_frames)
def test_a_version_1_0_header_cannot_forge_another(frame: Frame) -> None:
    (read,), error = _read([encode(frame, "1.0")], "1.0")
    assert error == ""
    assert read.body == frame.body
    assert len(read.headers) <= len(frame.headers) + 1


_bits = st.sampled_from(
    [
        *(b"SEND", b"CONNECT", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b":", b"a:b", b"\\n", b"\\x", b"\xff"),
        *(b"content-length:5", b"content-length:-1", b"content-length:99999", b"hello", b"x" * 300),
    ]
)


@given(
    st.lists(_bits | st.binary(max_size=10), max_size=20).map(b"".join),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.sampled_from(VERSIONS),
)
def test_hostile_bytes_are_refused_alike_in_any_pieces(data: bytes, places: list[int], version: str) -> None:
    whole_frames, whole_error = _read([data], version)
    frames, error = _read(_cut(data, places), version)
    assert frames == whole_frames
    assert bool(error) == bool(whole_error)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"SEND\nno colon\n\n\0", "name:value"),
        (b"SEND\n:value\n\n\0", "name:value"),
        (b"SEND\na:\\t\n\n\0", "escape"),
        (b"SEND\na:\xff\n\n\0", "UTF-8"),
        (b"SEND\0", "blank line"),
        (b"SEND\ncontent-length:x\n\n\0", "content-length"),
        (b"SEND\ncontent-length:2\n\nabc\0", "bytes, not characters"),
        (b"SEND\ncontent-length:2001\n\n", "at most 2000"),
        (b"SEND\n\n" + b"x" * 2001, "at most 2000"),
        (b"SEND\na:" + b"x" * 1001, "headers longer than 1000"),
        (b"SEND\n" + b"a:b\n" * 11 + b"\n\0", "more than 10 headers"),
    ],
)
def test_what_is_malformed_is_refused_with_a_reason(data: bytes, says: str) -> None:
    frames, error = _read([data])
    assert frames == []
    assert says in error


def test_the_first_of_a_repeated_header_counts() -> None:
    assert _read([b"SEND\na:1\na:2\n\n\0"])[0] == [Frame("SEND", {"a": "1"})]


def test_a_body_may_hold_nul_when_its_length_is_said() -> None:
    assert _read([b"SEND\ncontent-length:3\n\na\0b\0"])[0][0].body == b"a\0b"


def test_connect_headers_are_taken_literally() -> None:
    assert _read([b"CONNECT\npasscode:a\\cb\r\n\r\n\0"])[0][0].headers == {"passcode": "a\\cb"}
