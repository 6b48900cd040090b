"""Replay of a run that has ended: how things were at the moment that is chosen."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from live_monitor import Monitor
from watched_page import watched

from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUN = 100_500


@pytest.fixture(scope="module")
def ended(monitor: Monitor) -> Monitor:
    """A run of 40 s with four slices: done after 10 s, after 20 s, failed after 30 s, and never done."""
    monitor.add_run(RUN, execution="x-alice-0001")
    monitor.add_stf(RUN, 2)
    began = now()

    def after(seconds: float) -> str:
        return iso(began + timedelta(seconds=seconds))

    samples = [f"swf.{RUN}.{sequence:06d}_tf_001.tf" for sequence in (1, 2)]
    ends = [(samples[0], 0, 10, "completed"), (samples[0], 1, 20, "completed"), (samples[1], 0, 30, "failed")]
    monitor.post(
        "tf-slices",
        [
            {"fastmon_file": name, "slice_id": number, "status": status, "assigned_worker": f"worker-{at}"}
            | {"assigned_at": after(at - 5), "completed_at": after(at)}
            for name, number, at, status in ends
        ],
    )
    event = {"message_id": "00000000-0000-4000-8000-000000000001", "event_type": "end_run"}
    place = {"run_number": RUN, "state": "beam", "substate": "not_ready", "timestamp": after(40)}
    monitor.post("system-state-events", event | place)
    monitor.post("runs", {"run_number": RUN, "end_time": after(40), "total_stf_files": 2})
    return monitor


def _figures(page: "Page") -> dict[str, str]:
    return {
        str(box.get_attribute("data-figure")): box.inner_text() for box in page.locator("[data-figure]").all()
    }


def _drag(page: "Page", seconds: float) -> None:
    """Let the slider stand at a moment, as a hand would."""
    page.locator("#slider").evaluate(
        "(slider, ms) => { slider.value = ms; slider.dispatchEvent(new Event('input')); "
        "slider.dispatchEvent(new Event('change')); }",
        seconds * 1000,
    )


def test_dragging_shows_counters_slices_and_state_as_they_were(ended: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{ended.url}/replay/{RUN}/")
        page.wait_for_selector("#replay:visible")
        assert page.locator("#state-then").inner_text() == "beam/not_ready"
        whole = _figures(page)
        assert (whole["egress"], whole["queued"], whole["completed"]) == ("2", "4", "2")
        assert page.locator("#figures").get_by_text("1 failed").is_visible()
        _drag(page, 18)
        assert page.locator("#state-then").inner_text() == "run/physics"
        then = _figures(page)
        assert (then["waiting"], then["working"], then["completed"]) == ("2", "1", "1")
        page.locator("#work").get_by_text("worker-20").wait_for()
        assert page.locator("#work a").get_attribute("href") == f"/slices/swf.{RUN}.000001_tf_001.tf/1/"
        address = page.url
        with watched(browser) as elsewhere:
            elsewhere.page.goto(address)
            elsewhere.page.wait_for_selector("#replay:visible")
            assert _figures(elsewhere.page) == then
        assert [url for url in seen.requests if "/events/" in url] == [f"{ended.url}/replay/{RUN}/events/"]
        assert seen.problems == []


def test_keys_and_buttons_drive_it(ended: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 380, "height": 800}, color_scheme="dark") as seen:
        page = seen.page
        page.goto(f"{ended.url}/replay/{RUN}/")
        page.wait_for_selector("#replay:visible")
        page.focus("#slider")
        page.keyboard.press("Home")
        assert re.match(r"0\.00.s of 4\d\.\d.s", page.locator("#elapsed").inner_text())
        page.keyboard.press("PageUp")
        assert not page.locator("#elapsed").inner_text().startswith("0.00")
        page.get_by_role("button", name="Next state").click()
        assert page.locator("#state-then").inner_text() == "beam/not_ready"
        page.get_by_role("button", name="Previous state").click()
        assert page.locator("#state-then").inner_text() == "run/physics"
        page.select_option("#speed", "100")
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Play").wait_for()
        assert page.locator("#state-then").inner_text() == "beam/not_ready"
        assert "t=20" in page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        assert seen.problems == []


def test_runs_are_chosen_from_those_that_have_ended(ended: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{ended.url}/replay/")
        page.get_by_role("link", name=str(RUN)).click()
        page.wait_for_selector("#replay:visible")
        page.goto(f"{ended.url}/replay/")
        page.fill("[name=run]", "100010")
        page.get_by_role("button", name="Replay it").click()
        assert "run 100010 has not ended" in page.locator("main").inner_text()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/replay/99/", 404),
        ("/replay/99/events/", 404),
        ("/replay/?run=x", 400),
        ("/replay/100010/events/", 403),
    ],
)
def test_what_cannot_be_replayed_says_why(ended: Monitor, address: str, status: int) -> None:
    assert ended.client.get(address).status_code == status
