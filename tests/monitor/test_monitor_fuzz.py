"""Whatever is sent: an answer that says what is wrong, never a failure of the server, and nothing stored."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fuzz_bodies import GOOD
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from monitor_instance import Instance

from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import RECORDS, StfFile

_FEW = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
_PATHS = [f"/{name}/" for name in sorted(RECORDS)] + [
    "/run-results/",
    "/systemagents/heartbeat/",
    "/namespaces/ensure/",
]
_LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["a\0b", "x" * 5000, "2026-01-01", "ad:00000000", "queued", "NaN", "\u2028"])
)
_JSON = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
_FIELDS = sorted({name for cls in RECORDS.values() for name in cls.model_fields})
# `bogus` is a field of nothing: no such body may ever be taken.
_OBJECT = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=6).map(lambda said: {**said, "bogus": 1})
_BODY = (
    st.binary(max_size=200).filter(lambda raw: not raw.strip().isdigit())
    | st.one_of(_LEAF, _OBJECT, st.lists(_OBJECT, max_size=3)).map(lambda value: json.dumps(value).encode())
    | st.sampled_from(
        [
            b"",
            b"[" * 100_000,
            b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
            b'{"run_number": 1e999}',
            b'{"run_number": ' + b"9" * 5000 + b"}",
            b'{"run_number": 1, "metadata": {"a": "\\ud800"}}',
            b'{"run_number": 1, "metadata": {"a": "\\u0000"}}',
            b'{"run_number": 1, "metadata": {"\\u0000": 1}}',
            b'{"run_number": 1, "metadata": {"a": 1e999}}',
            b'{"run_number": 1, "metadata": {"a": NaN}}',
            b'{"run_number": 1, "metadata": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}",
            b"\xff\xfe{}",
        ]
    )
)


def counts(api: httpx.Client) -> dict[str, int]:
    """How many records there are, but for those that the server and the intake write of themselves."""

    def count(name: str, **filters: str) -> int:
        return int(api.get(f"/{name}/", params={"limit": "1", **filters}).json()["count"])

    found = {name: count(name) for name in RECORDS}
    own = {
        "subscribers": count("subscribers", delivery_type="sse"),
        "systemagents": count("systemagents", agent_type="intake"),
    }
    return found | {name: found[name] - number for name, number in own.items()}


@pytest.fixture
def untouched(api: httpx.Client) -> Any:
    """Nothing has been stored when the test ends."""
    before = counts(api)
    yield
    assert counts(api) == before


@pytest.mark.both_databases
@pytest.mark.usefixtures("untouched")
@settings(_FEW, max_examples=120)
@given(path=st.sampled_from(_PATHS), body=_BODY)
def test_any_body_is_answered(api: httpx.Client, path: str, body: bytes) -> None:
    answer = api.post(path, content=body)
    assert 400 <= answer.status_code < 500, (path, body, answer.text)
    assert answer.json()["detail"]


def test_5000_bodies_with_one_wrong_field_are_refused_by_its_name(
    untouched: None, instance: Instance
) -> None:
    del untouched
    script = Path(__file__).with_name("fuzz_bodies.py")
    done = subprocess.run(
        [sys.executable, str(script)], env=instance.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert set(GOOD) == set(RECORDS)


def test_a_long_text_is_refused_by_name(untouched: None, api: httpx.Client) -> None:
    del untouched
    long = "x" * (10 * 1024 * 1024)
    for name, field in (("stf-files", "machine_state"), ("runs", "end_reason"), ("alarms", "text")):
        answer = api.post(f"/{name}/", json={**GOOD[name], field: long})
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert len(answer.text) < 1000


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_PARAMETERS = [*_FIELDS, "limit", "offset", "ordering", "namespace", "format", "start_time", "end_time"]


@pytest.mark.usefixtures("untouched")
@_FEW
@given(
    name=st.sampled_from([*RECORDS, "nothing"]),
    query=st.dictionaries(st.sampled_from(_PARAMETERS) | _TEXT, _TEXT, max_size=3),
)
@pytest.mark.both_databases
def test_any_query_is_answered(api: httpx.Client, name: str, query: dict[str, str]) -> None:
    answer = api.get(f"/{name}/", params=query)
    assert answer.status_code < 500, (name, query, answer.text)
    answer.json()


@_FEW
@given(name=st.sampled_from(sorted(RECORDS)), key=_TEXT)
def test_any_key_is_answered(api: httpx.Client, name: str, key: str) -> None:
    path = f"/{name}/{quote(key, safe='')}/"
    for answer in (api.get(path), api.patch(path, json={})):
        assert answer.status_code < 500, (name, key, answer.text)


@pytest.mark.both_databases
def test_a_good_record_survives_what_is_sent_at_the_same_key(
    client: MonitorClient, api: httpx.Client, run_number: int
) -> None:
    name = f"swf.{run_number}.000001.stf"
    client.upsert([StfFile(stf_filename=name, run=run_number, metadata={"a": 1})])
    before = client.get(StfFile, name)
    wrongs: list[dict[str, Any]] = [
        {"run": "x"},
        {"metadata": None},
        {"metadata": []},
        {"status": "x"},
        {"replicas": [{}]},
    ]
    for wrong in wrongs:
        assert api.post("/stf-files/", json={"stf_filename": name, **wrong}).status_code == 400
    assert client.get(StfFile, name) == before


def test_a_body_that_is_too_large(api: httpx.Client) -> None:
    answer = api.post("/logs/", content=b"[" + b" " * 3_000_000 + b"]")
    assert answer.status_code == 413
    answer = api.post("/runs/", content=b"[" + b" " * (65 * 1024 * 1024) + b"]")
    assert answer.status_code == 413
    assert "too large" in answer.json()["detail"]
