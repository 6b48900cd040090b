"""One message's page: what caused it and what it caused, from the STF file to the plot."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from live_monitor import Monitor
from watched_page import watched

from swf_testbed.model.clock import iso
from swf_testbed.model.names import derived_id

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN = 100_200
STF = f"swf.{RUN}.000001.stf"
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _say(monitor: Monitor, what: str, identity: UUID, cause: UUID | None, at_ms: int, **content: Any) -> None:
    said = {"msg_type": what, "message_id": str(identity), "causation_id": str(cause) if cause else None}
    record = {"message_id": str(identity), "message_type": what, "sender_agent": f"{what}-agent-x-1"}
    at = {"sent_at": iso(BEGAN + timedelta(milliseconds=at_ms)), "run_id": RUN, "namespace": "t"}
    monitor.post("workflow-messages", record | at | {"message_content": said | content})


@pytest.fixture(scope="module")
def path(monitor: Monitor) -> dict[str, UUID]:
    """A file with one sample of two slices, of which one is in the plots; the messages by type."""
    sample = f"swf.{RUN}.000001_tf_001.tf"
    known = {
        "stf_gen": uuid4(),
        "stf_ready": uuid4(),
        "tf_file_registered": derived_id("tf_file_registered", "t", RUN, sample),
        "histograms_updated": derived_id("histograms_updated", "t", RUN, 1),
    }
    result = derived_id("slice_result", "t", RUN, sample, 0, "done")
    monitor.add_run(RUN)
    _say(monitor, "stf_gen", known["stf_gen"], None, 0, filename=STF)
    _say(monitor, "stf_ready", known["stf_ready"], known["stf_gen"], 20, filename=STF)
    _say(
        monitor, "tf_file_registered", known["tf_file_registered"], known["stf_ready"], 70, tf_filename=sample
    )
    done = {"processed_at": iso(BEGAN + timedelta(milliseconds=200)), "assigned_worker": "worker-1"}
    slices = [{"fastmon_file": sample, "slice_id": 0, "status": "completed", **done}]
    merged = {"run_number": RUN, "expected_revision": 0, "parts": [f"slice:{sample}#0"], "slices": slices}
    monitor.post("run-results", merged)
    _say(monitor, "histograms_updated", known["histograms_updated"], result, 300, revision=1)
    return known


TYPES = ["stf_gen", "stf_ready", "tf_file_registered", "slice", "slice_result", "histograms_updated", "slice"]


def _types(text: list[str]) -> list[str]:
    return [row.split()[0] for row in text]


def test_from_the_file_everything_that_became_of_it(
    monitor: Monitor, path: dict[str, UUID], browser: "Browser"
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{monitor.url}/messages/{path['stf_gen']}/")
        rows = page.locator(".path tbody tr")
        assert _types(rows.locator("th").all_inner_texts()) == TYPES
        delays = rows.locator("td.number").all_inner_texts()
        assert [delays[2], delays[4], delays[5]] == [
            "20\N{NO-BREAK SPACE}ms",
            "50\N{NO-BREAK SPACE}ms",
            "70\N{NO-BREAK SPACE}ms",
        ]
        assert rows.nth(0).get_attribute("aria-current") == "true"
        assert '"msg_type": "stf_gen"' in page.locator("pre.document").inner_text()
        rows.nth(3).get_by_role("link").click()
        page.wait_for_url("**/slices/**/0/")
        page.go_back()
        rows.nth(5).get_by_role("link", name="histograms_updated", exact=True).click()
        page.wait_for_url(f"**/messages/{path['histograms_updated']}/")
        assert seen.problems == []


def test_from_the_plot_back_to_its_cause(monitor: Monitor, path: dict[str, UUID], browser: "Browser") -> None:
    with watched(browser, viewport={"width": 380, "height": 800}) as seen:
        page = seen.page
        page.goto(f"{monitor.url}/messages/{path['histograms_updated']}/")
        assert _types(page.locator(".path th[scope=row]").all_inner_texts()) == TYPES[:6]
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        assert seen.problems == []


def test_a_cause_that_nobody_recorded_is_said_and_many_effects_are_counted(
    monitor: Monitor, browser: "Browser"
) -> None:
    cause, lost = uuid4(), uuid4()
    _say(monitor, "stf_gen", cause, lost, 0, filename={"no": ["file"]})
    for number in range(25):
        _say(monitor, "stf_ready", uuid4(), cause, number)
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{monitor.url}/messages/{cause}/")
        assert str(lost) in page.locator("#path").inner_text()
        assert page.locator(".path tbody tr").count() == 21
        page.get_by_role("link", name="and 5 more").click()
        assert page.locator("#total").inner_text() == "25"
        assert seen.problems == []


def test_messages_in_a_circle_and_hostile_ones_are_shown(monitor: Monitor, browser: "Browser") -> None:
    one, other = uuid4(), uuid4()
    hostile = "<script>window.hurt=1</script>\u202egnp.exe"
    _say(monitor, hostile, one, other, 0, text=hostile * 3000)
    _say(monitor, "stf_ready", other, one, 5)
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{monitor.url}/messages/{one}/")
        assert "<script>window.hurt=1</script>" in page.locator("h1").inner_text()
        assert page.evaluate("window.hurt") is None
        assert seen.problems == []


@pytest.mark.parametrize("key", ["nothing", "6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5f", "0", "9" * 30])
def test_what_is_no_message_is_a_page_that_leads_on(monitor: Monitor, key: str) -> None:
    answer = monitor.client.get(f"/messages/{key}/")
    assert answer.status_code == 404
    assert "message_id" in answer.text
