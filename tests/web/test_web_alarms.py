"""Alarms by hand, as somebody on shift raises, acknowledges and clears them."""

import re
from typing import TYPE_CHECKING

from live_monitor import Monitor
from watched_page import cells, watched

from swf_testbed.model.alarms import ALARMS

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_an_alarm_from_its_raising_to_its_end(operated: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.log_in(operated, "stranger", "/alarms/raise/")
        page.fill("[name=subject]", "cooling of dRICH")
        page.select_option("[name=severity]", "error")
        page.select_option("[name=namespace]", "torre")
        page.fill("[name=text]", "30 degrees")
        page.click("main button")
        page.wait_for_url(re.compile(r"/alarms/\d+/$"))
        with watched(browser) as elsewhere:
            elsewhere.page.goto(page.url)
            elsewhere.page.wait_for_selector('#link-state[data-state="live"]')
            assert elsewhere.page.locator("main").get_by_role("link", name="log in").is_visible()
            page.fill("[name=note]", "called the expert")
            page.get_by_role("button", name="Acknowledge").click()
            page.locator("#history").get_by_text("called the expert").wait_for()
            elsewhere.page.locator("#alarm-title").get_by_text("acknowledged", exact=True).wait_for()
            page.fill("[name=note]", "pump restarted")
            page.get_by_role("button", name="Clear").click()
            elsewhere.page.locator("#alarm-title").get_by_text("cleared", exact=True).wait_for()
            assert elsewhere.problems == []
        rows = [row[1:] for row in cells(page, "#history tbody tr")]
        assert rows == [
            ["raised", "stranger", "30 degrees"],
            ["acknowledged", "stranger", "called the expert"],
            ["cleared", "stranger", "pump restarted"],
        ]
        assert page.get_by_role("button", name="Clear").count() == 0
        assert seen.problems == []
        page.goto(operated.url + "/alarms/")
        assert page.get_by_role("link", name="Raise an alarm").is_visible()
        assert page.locator("#rows").get_by_text("cooling of dRICH").is_visible()


def test_what_cannot_be_raised_or_cleared_says_why(operated: Monitor, browser: "Browser") -> None:
    number = operated.post("alarms", {"severity": "info", "subject": "<b>hostile</b>"})["id"]
    with watched(browser) as seen:
        page = seen.log_in(operated, "stranger", f"/alarms/{number}/")
        assert page.locator("h1").inner_text().endswith("<b>hostile</b>")
        operated.client.patch(f"/api/alarms/{number}/", json={"cleared_at": "2026-01-01T00:00:00Z"})
        page.get_by_role("button", name="Acknowledge").click()
        assert "was cleared at" in page.get_by_role("alert").inner_text()
        page.goto(f"{operated.url}/alarms/raise/")
        page.fill("[name=subject]", "kept")
        page.eval_on_selector("[name=severity] option", "option => { option.value = 'dire'; }")
        page.click("main button")
        assert "severity = 'dire'" in page.get_by_role("alert").inner_text()
        assert page.input_value("[name=subject]") == "kept"


def test_the_page_says_what_an_alarm_means_and_where_to_look(operated: Monitor, browser: "Browser") -> None:
    number = operated.post(
        "alarms", {"severity": "warning", "subject": "latency:900001", "run_number": 900001}
    )["id"]
    with watched(browser) as seen:
        seen.page.goto(f"{operated.url}/alarms/{number}/")
        said = seen.page.locator("#alarm").inner_text()
        assert ALARMS["latency"].look in said
        assert ALARMS["latency"].clears in said
        assert seen.page.get_by_role("link", name="run 900001").get_attribute("href") == "/runs/900001/"
        assert seen.problems == []


def test_who_is_not_logged_in_changes_nothing(operated: Monitor) -> None:
    number = operated.post("alarms", {"severity": "info", "subject": "of nobody"})["id"]
    answer = operated.client.post(
        f"/alarms/{number}/", data={"action": "clear"}, headers={"Authorization": ""}
    )
    assert answer.status_code == 403  # no form token
    assert operated.client.get(f"/api/alarms/{number}/").json()["cleared_at"] is None
    assert operated.client.get("/alarms/raise/").headers["location"] == "/login/?next=/alarms/raise/"
    assert operated.client.get("/alarms/999999/").status_code == 404
    assert operated.client.get(f"/alarms/{10**30}/").status_code == 404
