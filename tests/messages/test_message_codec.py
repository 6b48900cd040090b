"""From messages to bodies and back; what is not a message is refused, and nothing else ever happens."""

import json
import random
from typing import Any

import pytest
from generated_bodies import anything, bodies, every_body
from hypothesis import given, settings
from hypothesis import strategies as st

from swf_testbed.messages import REGISTRY, Message, StfReady, decode, encode, headers
from swf_testbed.messages.codec import MAX_BODY, NotAMessage, UnknownType, parse

ALARM = {
    "msg_type": "alarm",
    "namespace": "test",
    "sender": "me",
    "severity": "info",
    "subject": "a",
    "text": "b",
    "state": "raised",
}
COMMAND = {"msg_type": "run_workflow", "namespace": "test", "sender": "me", "workflow_name": "x"}


def body(document: object) -> bytes:
    return json.dumps(document).encode()


@settings(max_examples=250)
@given(every_body())
def test_every_message_survives_the_wire(document: dict[str, Any]) -> None:
    message = decode(body(document))
    again = decode(encode(message))
    assert again == message
    assert type(message) is REGISTRY[document["msg_type"]]
    assert encode(again) == encode(message)


@settings(max_examples=60)
@given(every_body(), st.dictionaries(st.integers(), anything, max_size=3))
def test_unknown_fields_are_ignored(document: dict[str, Any], more: dict[int, Any]) -> None:
    document["message_id"] = "12345678-1234-4234-8234-123456789abc"
    document["timestamp"] = document["created_at"] = "2030-01-01T00:00:00Z"
    more_said = {f"of the future {number}": value for number, value in more.items()}
    assert decode(body({**document, **more_said})) == decode(body(document))


def test_a_type_of_the_future_is_told_from_nonsense() -> None:
    with pytest.raises(UnknownType, match="msg_type = 'alarm2': is not a type that this version knows"):
        decode(body({**ALARM, "msg_type": "alarm2"}))
    for said in (None, 5, ["alarm"]):
        with pytest.raises(NotAMessage, match=r"msg_type = .*: must be the name of a message type"):
            decode(body({**ALARM, "msg_type": said}))


def test_a_refusal_names_the_field_the_value_and_what_is_allowed() -> None:
    with pytest.raises(NotAMessage) as refused:
        decode(body({**ALARM, "severity": "dreadful", "state": None}))
    said = "alarm.severity = 'dreadful': Input should be 'info', 'warning' or 'error' (and 1 more)"
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "must be a JSON object"),
        (b"\xff\xfe", "must be a JSON object"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"a": NaN}', "must be a JSON object"),
        (b'{"a": -Infinity}', "must be a JSON object"),
        (b'{"a": 1e999}', "must be a JSON object"),
        (b'{"a": ' + b"9" * 300 + b"e99}", "must be a JSON object"),
        (b'{"a": ' + b"9" * 5000 + b"}", "must be a JSON object"),
        (b'{"a": "\\ud800"}', "must be a JSON object"),
        (b'{"a": "\xed\xa0\x80"}', "must be a JSON object"),
        ('{"a": "\ud800"}', "must be a JSON object"),
        (b'{"a": "\\u0000"}', "must not hold the character NUL"),
        (b'{"a": "\\\\\\u0000"}', "must not hold the character NUL"),
        (b'{"a":' * 100_000, "must be a JSON object"),
        (b"[" * 100_000, "must be a JSON object"),
        (b" " * (MAX_BODY + 1), f"must be at most {MAX_BODY} bytes"),
    ],
    ids=range(17),
)
def test_no_document(raw: bytes | str, why: str) -> None:
    with pytest.raises(NotAMessage) as refused:
        decode(raw)
    assert why in str(refused.value)
    assert len(str(refused.value)) < 400


def test_what_only_looks_like_nul_or_like_too_large_a_number_is_text() -> None:
    assert parse(b'{"a": "\\\\u0000 1e999"}') == {"a": "\\u0000 1e999"}


@pytest.mark.parametrize("depth", [10, 150, 195, 199, 200, 5000])
def test_what_is_decoded_can_be_encoded_however_deep(depth: int) -> None:
    raw = body(COMMAND)[:-1] + b',"params":{"a":' + b"[" * depth + b"]" * depth + b"}}"
    try:
        message = decode(raw)
    except NotAMessage:
        assert depth > 100
    else:
        assert decode(encode(message)) == message


json_text = anything.map(lambda value: json.dumps(value).encode())
surrogates = st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=5)


@settings(max_examples=300)
@given(st.binary(max_size=60) | json_text)
def test_bytes_from_anywhere_are_refused_and_nothing_worse(raw: bytes) -> None:
    with pytest.raises(NotAMessage):
        decode(raw)


@settings(max_examples=300)
@given(every_body(), st.data())
def test_a_message_with_one_thing_spoilt_is_understood_or_refused(
    document: dict[str, Any], data: Any
) -> None:
    hurt = st.floats() | anything | surrogates | st.just("0001-01-01T00:00:00+10:00") | st.integers()
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(hurt)
    understood_or_refused(body(document))


def test_ten_thousand_damaged_bodies_are_understood_or_refused() -> None:
    """Cheap damage in bulk: bytes of good bodies changed, cut, doubled."""
    chance = random.Random(20)
    good = [body(ALARM), body(COMMAND), body({**COMMAND, "params": {"a.b": [1.5, None, "\ud83d\ude00"]}})]
    outcomes = {understood_or_refused(_damaged(chance, chance.choice(good))) for _ in range(10_000)}
    assert outcomes == {True, False}


def _damaged(chance: random.Random, raw: bytes) -> bytes:
    hurt = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(hurt))
        match chance.randrange(4):
            case 0:
                hurt[place] = chance.randrange(256)
            case 1:
                del hurt[place : place + chance.randint(1, 9)]
            case 2:
                hurt[place:place] = chance.choice(
                    [b"\\ud800", b"\\u0000", b"NaN", b'"', b"1e999", b"{", b"\0"]
                )
            case _:
                hurt[place:place] = hurt[place : place + chance.randint(1, 40)]
        hurt = hurt or bytearray(b" ")
    return bytes(hurt)


def understood_or_refused(raw: bytes) -> bool:
    try:
        message = decode(raw)
    except (NotAMessage, UnknownType):
        return False
    assert decode(encode(message)) == message
    assert all("\n" not in value for value in headers(message).values())
    return True


def test_the_old_name_of_stf_ready_is_understood() -> None:
    document = {
        "msg_type": "data_ready",
        "namespace": "test",
        "sender": "data-agent-alice-1",
        "run_id": "100010",
        "filename": "swf.100010.000001.stf",
        "sequence": 1,
        "file_url": "file:///a/swf.100010.000001.stf",
        "size_bytes": 10,
        "checksum": "ad:00000001",
        "tf_first": 0,
        "tf_count": 3,
        "start": "2030-01-01T00:00:00Z",
        "end": "2030-01-01T00:00:01+00:00",
        "state": "run",
        "substate": "physics",
        "simulation_tick": 1,
        "file_id": "12345678-1234-4234-8234-123456789abc",
    }
    message = decode(body(document))
    assert isinstance(message, StfReady)
    assert (message.msg_type, message.run_id) == ("stf_ready", 100_010)
    with pytest.raises(
        NotAMessage,
        match=r"^stf_ready.body = .*: substate = 'ready': with state run, must be one of calib, daq",
    ):
        decode(body({**document, "substate": "ready"}))


def _message(document: dict[str, Any]) -> Message:
    return decode(body(document))


def test_headers_say_what_brokers_select_on() -> None:
    said = headers(_message({**ALARM, "run_id": 7, "message_id": "12345678-1234-4234-8234-123456789abc"}))
    assert said == {
        "msg_type": "alarm",
        "namespace": "test",
        "run_id": "7",
        "vo": "eic",
        "content-type": "application/json",
        "persistent": "true",
        "swf-message-id": "12345678-1234-4234-8234-123456789abc",
    }
    assert "run_id" not in headers(_message(ALARM))


@settings(max_examples=20)
@given(bodies("slice"), bodies("worker_heartbeat"))
def test_slices_expire_and_heartbeats_are_not_kept(work: dict[str, Any], heartbeat: dict[str, Any]) -> None:
    said = headers(_message(work))
    assert said["ttl"] == str(12 * 3600 * 1000)
    assert int(said["expires"]) > 1_700_000_000_000
    assert headers(_message(heartbeat))["persistent"] == "false"
