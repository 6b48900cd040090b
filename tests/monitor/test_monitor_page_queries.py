"""Pages that ask in SQL of their own, or in what each database has its own way for, on both databases."""

from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance

pytestmark = pytest.mark.both_databases


@pytest.fixture
def run(instance: Instance, api: httpx.Client, run_number: int) -> int:
    """A run that has ended, with a file, a sample, and a slice that is done."""
    stem = f"swf.{run_number}.000001"
    times = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:01:00Z"}
    for path, record in (
        ("runs", {"run_number": run_number, **times}),
        ("stf-files", {"stf_filename": f"{stem}.stf", "run": run_number, "egress_at": times["start_time"]}),
        ("fastmon-files", {"tf_filename": f"{stem}.tf", "stf_file": f"{stem}.stf", "tf_count": 4}),
        (
            "tf-slices",
            {"fastmon_file": f"{stem}.tf", "slice_id": 0, "status": "completed"}
            | {"metadata": {"result": {"processing_start_at": "no time"}}, "assigned_worker": "w"},
        ),
    ):
        assert api.post(f"/{path}/", json=record).is_success
    return run_number


def test_a_message_is_shown_with_its_causes_and_effects(instance: Instance, api: httpx.Client) -> None:
    first, second, third = (str(uuid4()) for _ in range(3))
    for identity, cause in ((first, None), (second, first), (third, second)):
        said = {"message_id": identity, "message_type": f"type-{identity[:4]}", "sender_agent": "x"}
        content = {"causation_id": cause, "filename": ["no name"]}
        posted = api.post("/workflow-messages/", json=said | {"namespace": "t", "message_content": content})
        assert posted.is_success
    page = httpx.get(f"{instance.url}/messages/{second}/").text
    assert (
        page.index(f"/messages/{first}/")
        < page.index('aria-current="true"')
        < page.index(f"/messages/{third}/")
    )
    found = api.get("/workflow-messages/", params={"causation_id": first}).json()["results"]
    assert [one["message_id"] for one in found] == [second]


def test_a_run_is_replayed(instance: Instance, run: int) -> None:
    assert httpx.get(f"{instance.url}/replay/{run}/").is_success
    told = httpx.get(f"{instance.url}/replay/{run}/events/").json()
    assert told["stfs"]["egress"] == [0]
    assert told["slices"]["number"] == [0]
    assert told["slices"]["assigned"] == [-1]


def test_the_system_page_tells_how_large_the_database_is(instance: Instance) -> None:
    page = httpx.get(f"{instance.url}/system/")
    assert page.is_success
    assert "Database" in page.text
