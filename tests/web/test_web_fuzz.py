"""Whatever stands in an address, a page answers: what was asked for, or what is wrong with it.

SWF_EXAMPLES=5000 pytest tests/web/test_web_fuzz.py
"""

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live_monitor import Monitor

EXAMPLES = int(os.environ.get("SWF_EXAMPLES", "60"))
LISTS = (
    *("runs", "stfs", "samples", "slices", "workers", "definitions", "executions", "namespaces", "agents"),
    *("messages", "logs", "logs/summary", "subscribers", "alarms", "copies", "datasets", "stages"),
)
NAMES = (
    *("q", "page", "ordering", "without", "part", "namespace", "run_number", "start_time", "end_time", "run"),
    *("status", "phase", "message_type", "sender_agent", "levelname", "level", "severity", "is_active"),
    *("created_at", "file_id", "message_id", "slice_id", "cleared_at", "acknowledged_by", "causation_id"),
)
VALUES = st.one_of(
    st.sampled_from(
        ("", "0", "1", "-1", "2", "completed", "queued", "-run_number", "created_at", "namespace")
    ),
    st.sampled_from(("true", "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+14:00", "9" * 400, "%", "_", "'")),
    st.integers(-(2**70), 2**70).map(str),
    st.uuids().map(str),
    st.text(st.characters(codec="utf-8"), max_size=40),
)
QUERIES = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), VALUES), max_size=5)
_HELD = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_page(text: str) -> bool:
    return text.rstrip().endswith("</html>") or "data-live" in text


@_HELD
@given(name=st.sampled_from(LISTS), query=QUERIES)
def test_any_query_of_a_list_is_answered_with_a_page(
    listed: Monitor, name: str, query: list[tuple[str, Any]]
) -> None:
    sent = [(key.encode("utf-8", "ignore").decode(), value) for key, value in query]
    answer = listed.client.get(f"/{name}/", params=sent)
    assert answer.status_code in {200, 400, 404}
    assert is_page(answer.text)


@_HELD
@given(
    name=st.sampled_from([one for one in LISTS if "/" not in one]),
    form=st.sampled_from(("csv", "json")),
    query=QUERIES,
)
def test_any_query_of_a_download_is_answered(
    listed: Monitor, name: str, form: str, query: list[tuple[str, Any]]
) -> None:
    sent = [(key.encode("utf-8", "ignore").decode(), value) for key, value in query]
    answer = listed.client.get(f"/{name}.{form}", params=sent)
    assert answer.status_code in {200, 400, 404}
    assert answer.status_code == 200 or is_page(answer.text)


@_HELD
@given(name=st.sampled_from(LISTS), key=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60))
def test_any_key_is_answered_with_a_page(listed: Monitor, name: str, key: str) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in key.encode())
    answer = listed.client.get(f"/{name}/{quoted}/")
    assert answer.status_code in {200, 400, 404}
    assert is_page(answer.text)
