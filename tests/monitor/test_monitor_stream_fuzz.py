"""Whatever is asked of the stream, it answers: with the stream, or with 400 that names the parameter."""

import json
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from monitor_instance import Instance

STREAM = "/messages/stream/"
NAMES = ("msg_types", "agents", "run_ids", "namespace", "execution_id", "last_event_id", "since")

_bounded = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def ask(api: httpx.Client, query: list[tuple[str, str]], **headers: str) -> tuple[int, Any]:
    """The status, and the problem or the first event."""
    with api.stream("GET", STREAM, params=httpx.QueryParams([*query]), headers=headers) as answer:
        if answer.status_code == 200:
            return 200, next(answer.iter_bytes())
        answer.read()
        return answer.status_code, answer.json()


word = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), min_size=1, max_size=50)
values: dict[str, st.SearchStrategy[str]] = {
    **{name: st.lists(word, min_size=1, max_size=5).map(",".join) for name in NAMES[:5] if name != "run_ids"},
    "run_ids": st.lists(st.integers(0, 2**31 - 1).map(str), min_size=1, max_size=5).map(",".join),
}
starts = st.one_of(
    st.just(None),
    st.tuples(st.just("last_event_id"), st.one_of(st.just("earliest"), st.integers(0, 2**62).map(str))),
    st.tuples(st.just("since"), st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)),
)


@_bounded
@given(st.data())
def test_what_is_allowed_opens_the_stream(api: httpx.Client, data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(list(values)), max_size=6))
    query = [(name, data.draw(values[name])) for name in names]
    start = data.draw(starts)
    status, first = ask(api, [*query, start] if start else query)
    assert (status, b"event: connected\n" in first) == (200, True)


@_bounded
@given(
    st.lists(
        st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=20)), st.text(max_size=300)), max_size=4
    )
)
@example([("run_ids", "1,2,x")])
@example([("msg_types", "a\nb")])
@example([("namespace", "x" * 201)])
@example([("agents", ",".join(map(str, range(101))))])
@example([("last_event_id", "1"), ("last_event_id", "2")])
@example([("last_event_id", "1"), ("since", "2026-01-01T00:00:00Z")])
@example([("since", "yesterday")])
@example([("last_event_id", "٣")])
@example([("", "")])
def test_anything_else_is_400_and_named(api: httpx.Client, query: list[tuple[str, str]]) -> None:
    status, said = ask(api, query)
    assert status in {200, 400}
    if status == 400:
        assert said["field"] in {name for name, _ in query}
        assert said["allowed"]


@_bounded
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip))
@example("earliest")
@example("-1")
@example("9" * 30)
def test_a_header_that_is_no_number_is_400_and_named(api: httpx.Client, value: str) -> None:
    good = value in {"", "earliest"} or (value.isdigit() and int(value) <= 2**62)
    status, said = ask(api, [], **{"Last-Event-ID": value})
    assert status == (200 if good else 400)
    if not good:
        assert said["field"] == "Last-Event-ID"


def raw(instance: Instance, target: bytes, *headers: bytes) -> bytes:
    """The beginning of the answer to a request that no client library would send."""
    address = urlsplit(instance.url)
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        lines = [b"GET /api/messages/stream/" + target + b" HTTP/1.1", b"Host: 127.0.0.1", *headers]
        connection.sendall(b"\r\n".join([*lines, b"", b""]))
        return connection.recv(4096)


@_bounded
@given(
    st.binary(max_size=60),
    st.sampled_from([b"Last-Event-ID", b"Authorization", b"Cookie", b"Accept"]),
    st.binary(max_size=60),
)
@example(b"?namespace=%ff%00", b"Cookie", b"swf_session=\xff\xff")
@example(b"?msg_types=%00", b"Authorization", b"Token \xff")
def test_any_bytes_are_answered(instance: Instance, query: bytes, name: bytes, value: bytes) -> None:
    broken = b"\r\n\0 "
    if any(byte in broken for byte in query):
        query = bytes(byte for byte in query if byte not in broken)
    answer = raw(instance, b"?" + query, name + b": " + bytes(byte for byte in value if byte not in b"\r\n"))
    assert answer.split()[1] in {b"200", b"400", b"401"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("run_ids=x", "run_ids"),
        ("colour=red", "colour"),
        ("last_event_id=-1", "last_event_id"),
        ("since=1", "since"),
    ],
)
def test_the_problem_tells_value_and_what_is_allowed(api: httpx.Client, query: str, field: str) -> None:
    answer = api.get(f"{STREAM}?{query}")
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["field"], problem["value"]) == (field, repr(query.partition("=")[2]))
    assert json.dumps(problem["allowed"])
