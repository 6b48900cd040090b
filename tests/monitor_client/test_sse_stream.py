"""The iterator over the stream: what it makes of any server's answers."""

import itertools
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from scripted_server import Answer, ScriptedServer, scripted_server

from swf_testbed.model.clock import now
from swf_testbed.model.errors import BadInput, NotFound, Refused, SwfError, Unavailable
from swf_testbed.monitor_client import Connected, Disconnected, Event, EventStream, MonitorClient


def event(number: int, event: str = "note", **data: Any) -> bytes:
    return f"id: {number}\nevent: {event}\ndata: {json.dumps(data or {'n': number})}\n\n".encode()


def connected(number: int | None = None, **said: Any) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + f"event: connected\ndata: {json.dumps(said)}\n\n".encode()


@contextmanager
def stream_of(
    *answers: Answer, last: int | None = None, **more: Any
) -> Iterator[tuple[EventStream, ScriptedServer]]:
    with (
        scripted_server(answers) as server,
        MonitorClient(server.url) as monitor,
        monitor.events(last, **more) as stream,
    ):
        yield stream, server


def take(stream: EventStream, count: int) -> Sequence[Any]:
    return list(itertools.islice(stream.items(), count))


def test_a_cut_stream_is_resumed_by_number_and_a_repeated_event_dropped() -> None:
    first = Answer(connected(5, last_id=5) + event(6) + b"id: 7\nevent: note\ndata: {")
    second = Answer(connected(resumed_from=6, history="complete") + event(6) + event(7))
    with stream_of(first, second) as (stream, server):
        items = take(stream, 5)
    assert [item for item in items if isinstance(item, Event)] == [
        (6, "note", {"n": 6}),
        (7, "note", {"n": 7}),
    ]
    assert [item for item in items if isinstance(item, Connected)] == [(None, False), (6, False)]
    assert isinstance(items[2], Disconnected)
    assert "last-event-id" not in server.asked[0]
    assert server.asked[1]["last-event-id"] == "6"
    assert stream.last_event_id == 7


def test_a_gap_is_told_and_the_numbers_begin_again(caplog: pytest.LogCaptureFixture) -> None:
    gone = Answer(connected(resumed_from=2, history="gone") + event(3))
    with stream_of(gone, last=900) as (stream, _):
        assert take(stream, 2) == [Connected(2, gap=True), Event(3, "note", {"n": 3})]
    with stream_of(gone, last=900) as (stream, _), caplog.at_level(logging.WARNING):
        assert next(iter(stream)).id == 3
    assert "no longer in the monitor" in caplog.text
    with stream_of(gone, last=0) as (stream, _):
        assert take(stream, 1) == [Connected(2, gap=False)]


def test_a_sign_of_life_moves_the_number_to_resume_from() -> None:
    first = Answer(connected(5) + event(6) + b": heartbeat\nid: 40\n\n")
    second = Answer(connected(resumed_from=40, history="complete") + event(41))
    with stream_of(first, second) as (stream, server):
        assert [item.id for item in take(stream, 5) if isinstance(item, Event)] == [6, 41]
    assert server.asked[1]["last-event-id"] == "40"


def test_the_reason_of_the_server_is_told() -> None:
    closed = b'event: closed\ndata: {"reason": "too slow"}\n\n'
    with stream_of(Answer(connected(1) + closed)) as (stream, _):
        assert take(stream, 2)[1].reason == "too slow"


@pytest.mark.parametrize(
    ("first", "least_s"),
    [
        (Answer(connected(1) + b"retry: 700\n\n"), 0.7),
        (Answer(b"{}", 429, {"Retry-After": "1"}), 1.0),
        (Answer(b"{}", 503, {"Retry-After": "1"}), 1.0),
        (Answer(b"{}", 429, {"Retry-After": "soon"}), 0.0),
        (Answer(b"{}", 502, {}), 0.0),
    ],
)
def test_a_pause_that_the_server_asks_for_is_kept(first: Answer, least_s: float) -> None:
    with stream_of(first, Answer(connected(1))) as (stream, _):
        items = stream.items()
        told = next(item for item in items if isinstance(item, Disconnected))
        assert told.retry_in_s >= least_s
        begun = time.monotonic()
        assert isinstance(next(items), Connected)
        assert time.monotonic() - begun >= least_s


def test_a_pause_may_be_asked_for_by_date_and_has_a_bound() -> None:
    soon = format_datetime(now() + timedelta(seconds=30), usegmt=True)
    for said, low, high in (
        (soon, 25, 40),
        ("999999999", 3600, 4500),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 1),
    ):
        with stream_of(Answer(b"{}", 429, {"Retry-After": said})) as (stream, _):
            assert low <= take(stream, 1)[0].retry_in_s <= high


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Answer(b'{"detail": "no token"}', 401), Refused, "no token"),
        (Answer(b'{"field": "run_ids", "value": "x", "allowed": "number"}', 400), BadInput, "run_ids"),
        (Answer(b"<html>", 404), NotFound, "404"),
        (Answer(b"", 302, {"Location": "https://elsewhere.example/"}), Refused, "elsewhere.example"),
        (Answer(b"<html>Welcome", 200, {"Content-Type": "text/html"}), NotFound, "not a monitor's stream"),
    ],
)
def test_what_trying_again_does_not_help_is_raised(answer: Answer, error: type[SwfError], words: str) -> None:
    with stream_of(answer) as (stream, _), pytest.raises(error, match=words):
        next(iter(stream))


def test_patience_ends_before_the_first_connection_only() -> None:
    away = Answer(b"{}", 503, {})
    with stream_of(away, patience_s=0.5) as (stream, _), pytest.raises(Unavailable, match="503"):
        next(iter(stream))
    with stream_of(Answer(connected(1)), away, away, Answer(event(2)), patience_s=0.1) as (stream, _):
        assert next(iter(stream)).id == 2


@pytest.mark.parametrize("data", ["{", "[1]", "null", '"text"', "[" * 100_000])
def test_what_is_not_a_message_is_left_out(data: str) -> None:
    bad = f"id: 2\nevent: note\ndata: {data}\n\n".encode()
    unnumbered = b"event: note\ndata: {}\n\nid: x\nevent: note\ndata: {}\n\n"
    with stream_of(Answer(connected(1) + bad + unnumbered + event(3))) as (stream, _):
        assert next(iter(stream)).id == 3


def test_closing_from_another_thread_ends_a_pause() -> None:
    with stream_of(Answer(b"{}", 429, {"Retry-After": "3000"})) as (stream, _):
        items = stream.items()
        assert isinstance(next(items), Disconnected)
        stream.close()
        assert list(items) == []
