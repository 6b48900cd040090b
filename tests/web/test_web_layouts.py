"""Layouts and the screen on the wall, in a browser."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from live_monitor import Monitor
from shift_rows import WHY, fill_shift
from watched_page import watched

import swf_testbed.monitor.web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VENDOR = Path(swf_testbed.monitor.web.__file__).parent / "static" / "vendor"
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (VENDOR / "gathered.json").exists(), reason="the scripts are not gathered: tools/gather_web.py"
    ),
]
RUN = 100_710
CELLS = "drich.adc.2x1,btof.adc.1x1"


@pytest.fixture(scope="module")
def walled(operated: Monitor) -> Monitor:
    fill_shift(operated, RUN, "wall")
    return operated


def cells(page: "Page") -> str:
    return parse_qs(urlsplit(page.url).query)["cells"][0]


def test_plots_are_arranged_by_keyboard_kept_and_shared(walled: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.log_in(walled, "member", "/layouts/")
        page.goto(f"{walled.url}/layouts/unnamed/?run={RUN}&cells={CELLS}")
        page.wait_for_selector('.cell[data-cell="btof.adc"] svg .root_frame')
        page.click("#arrange")
        page.get_by_label("Arrange Barrel TOF: adc").focus()
        page.keyboard.press("ArrowLeft")
        assert cells(page) == "btof.adc.1x1,drich.adc.2x1"
        assert "place 1 of 2" in page.locator("#said").inner_text()
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowDown")
        assert cells(page) == "btof.adc.2x2,drich.adc.2x1"
        page.select_option("#adding [name=subsystem]", "drich")
        page.select_option("#adding [name=name]", "unit_occupancy")
        page.click("#adding button")
        page.wait_for_url("**unit_occupancy**")
        page.get_by_label("Arrange dRICH: unit_occupancy").focus()
        page.keyboard.press("Delete")
        assert cells(page) == "btof.adc.2x2,drich.adc.2x1"
        page.click(".keep summary")
        page.fill("#keeping [name=name]", "tof-and-rich")
        page.fill("#keeping [name=title]", "TOF <and> RICH")
        page.click("#keeping button")
        page.wait_for_url("**/layouts/member/tof-and-rich/")
        assert seen.problems == []
    with watched(browser) as other:
        page = other.page
        page.goto(f"{walled.url}/layouts/member/tof-and-rich/?run={RUN}")
        assert "TOF <and> RICH" in page.locator("h1").inner_text()
        order = page.locator(".cell").evaluate_all("all => all.map(one => one.dataset.cell)")
        assert order == ["btof.adc", "drich.adc"]
        page.wait_for_selector('.cell[data-cell="drich.adc"] svg .root_frame')
        page.goto(f"{walled.url}/layouts/")
        assert page.get_by_role("link", name="tof-and-rich").count() == 1


def test_a_wall_turns_by_itself_pauses_and_says_what_is_stale(walled: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 1920, "height": 1080}) as seen:
        page = seen.page
        page.goto(f"{walled.url}/wall/?run={RUN}&interval=3&show=drich,btof&stale=1")
        page.wait_for_selector('#link-state[data-state="live"]')
        assert WHY in page.locator("#wall-overview").inner_text()
        page.wait_for_selector('.sheet[aria-label="dRICH"]:not([hidden]) svg .root_frame')
        page.keyboard.press("Space")
        page.wait_for_selector("#paused:not([hidden])")
        page.keyboard.press("ArrowRight")
        page.wait_for_selector('.sheet[aria-label="Barrel TOF"]:not([hidden])')
        page.keyboard.press("ArrowLeft")
        page.wait_for_selector('.sheet[aria-label="dRICH"]:not([hidden])')
        page.wait_for_selector('#age:has-text("the data are stale")')
        page.wait_for_selector("body.stale")
        assert page.locator("button, a, input").filter(visible=True).count() == 0
        assert seen.problems == []


def test_a_wall_survives_a_lost_stream(walled: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.route("**/messages/stream/**", lambda route: route.abort())
        page.goto(f"{walled.url}/wall/?run={RUN}&interval=600&show=drich")
        page.wait_for_selector('#age:has-text("what is shown is old")')
        page.unroute("**/messages/stream/**")
        page.wait_for_selector('#link-state[data-state="live"]')
        page.wait_for_selector('#age:not(:has-text("what is shown is old"))')
