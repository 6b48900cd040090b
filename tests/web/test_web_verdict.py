"""Runs marked by people, and references made of them, as somebody on shift does it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_monitor import Monitor
from shift_rows import count
from watched_page import watched

from swf_testbed.fastmon.counts import Counts, ProductKey, ProductSet
from swf_testbed.fastmon.reference import Profile
from swf_testbed.fastmon.windows import Sums

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GOOD, NEXT = 100_720, 100_721
LIKE_GOOD, LIKE_NEXT = 100_722, 100_723
NAME = "epic-scale0.004-18x275v-run.physics"
NARROW = {"width": 380, "height": 800}


def profile() -> dict[str, Any]:
    sums, found = Sums(), Profile()
    sums.add(ProductSet(7, {ProductKey("drich", "adc"): Counts(np.arange(257))}))
    found.add(sums, {})
    return found.document()


def add(monitor: Monitor, ended: int, ongoing: int, beam: str, namespace: str) -> None:
    """A run that has ended, and one like it that goes on."""
    conditions = {"run_conditions": {"scale": 0.004, "beam": beam}, "namespace": namespace}
    monitor.add_run(ended, end_time="2026-01-01T00:00:00Z", **conditions)
    monitor.add_run(ongoing, **conditions)
    monitor.post("windows", {"run_number": ended, "window": "run", "content": profile()})
    count(monitor, ongoing, "drich", "adc", 20_000)


@pytest.fixture(scope="module")
def judged(operated: Monitor) -> Monitor:
    """Runs of a namespace that has an owner and a member, and of one that has none."""
    add(operated, GOOD, NEXT, "18x275v", "marked")
    add(operated, LIKE_GOOD, LIKE_NEXT, "10x100v", "t")
    operated.post("namespaces", {"name": "marked", "owner": "owner", "members": ["member"]})
    return operated


@pytest.mark.timeout(300)
def test_a_run_is_marked_good_and_becomes_the_reference_of_the_next(
    judged: Monitor, browser: "Browser"
) -> None:
    with watched(browser, viewport=NARROW) as seen:
        page = seen.log_in(judged, "member", f"/runs/{GOOD}/")
        page.get_by_text("Mark this run good or bad").click()
        page.fill("[name=note]", "all <i>in order</i>")
        page.get_by_role("button", name="Mark good").click()
        page.wait_for_url(f"**/runs/{GOOD}/verdict/")
        marked = page.locator("#mark").inner_text()
        assert "good" in marked
        assert "member" in marked
        assert "all <i>in order</i>" in marked
        said = page.locator("#next").inner_text()
        assert all(word in said for word in (NAME, "epic-scale0.004", "18x275v", "run/physics"))
        for version in (1, 2):
            page.locator("#next").get_by_text("Next version").wait_for()
            make = page.get_by_role("form", name=f"Make {NAME}/{version} of this run")
            make.locator("[name=note]").fill(f"version {version}")
            make.get_by_role("button").click()
            page.locator("#references").get_by_text(f"{NAME}/{version}", exact=True).wait_for()
        page.goto(f"{judged.url}/runs/{GOOD}/")
        assert "marked good by member: all <i>in order</i>" in page.locator("#head").inner_text()
        assert seen.problems == []


@pytest.mark.timeout(300)
def test_the_newest_reference_is_drawn_over_a_run_that_it_fits(judged: Monitor, browser: "Browser") -> None:
    judged.post(f"runs/{LIKE_GOOD}/mark", {"mark": "good"})
    made = judged.post("references", {"runs": [LIKE_GOOD]})
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{judged.url}/shift/drich/?run={LIKE_NEXT}")
        against = page.get_by_role("combobox", name="against")
        assert against.input_value() == f"{made['name']}/{made['version']}"
        page.wait_for_selector('figure[data-name="adc"] svg .root_frame')
        with page.expect_response(lambda answer: "/plots/?" in answer.url) as drawn:
            page.get_by_role("link", name="ratio").click()
        (figure,) = drawn.value.json()["figures"]
        labels = [one["label"] for one in figure["series"]]
        assert labels == [f"run {LIKE_NEXT}", f"reference {made['name']}/{made['version']}"]
        page.wait_for_selector('figure[data-name="adc"] svg .root_frame')
        assert seen.problems == []


def test_what_cannot_be_marked_says_why(judged: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.log_in(judged, "stranger", f"/runs/{NEXT}/verdict/")
        assert page.get_by_text("Only the owner of marked").is_visible()
        assert page.get_by_role("button", name="Mark good").count() == 0
        page.goto(f"{judged.url}/runs/{NEXT}/")
        page.get_by_text("Mark this run good or bad").click()
        page.get_by_role("button", name="Mark bad").click()
        assert "belongs to owner" in page.get_by_role("alert").inner_text()
    with watched(browser) as seen:
        page = seen.log_in(judged, "owner", f"/runs/{NEXT}/verdict/")
        page.get_by_role("button", name="Mark good").click()
        page.get_by_text("The run goes on").wait_for()
        page.get_by_role("button", name="Take the mark back").click()
        page.get_by_text("not marked").wait_for()
    assert judged.client.get(f"/api/runs/{NEXT}/").json()["mark"] is None
    without_token = judged.client.post(f"/runs/{NEXT}/verdict/", data={"action": "good"})
    assert without_token.status_code == 403
