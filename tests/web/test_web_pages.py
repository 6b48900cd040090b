"""What a reader of the pages sees, in a real browser against a real monitor."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import pytest
from live_monitor import Monitor, serving
from watched_page import ADC, RUN, watched

import swf_testbed.monitor.web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VENDOR = Path(swf_testbed.monitor.web.__file__).parent / "static" / "vendor"
needs_scripts = pytest.mark.skipif(
    not (VENDOR / "gathered.json").exists(), reason="the scripts are not gathered: tools/gather_web.py"
)


def axis_labels(page: "Page") -> list[str]:
    """The numbers on the x axis of the ADC plot."""
    return page.locator(f"{ADC} svg .xaxis_container text").all_text_contents()


def entries(page: "Page") -> str | None:
    return page.locator(ADC).get_attribute("data-entries")


@needs_scripts
@pytest.mark.parametrize(
    ("address", "title"), [("/", "Now"), ("/runs/", "Runs"), (RUN, "Run 100010"), ("/login/", "Log in")]
)
def test_every_page_is_whole_at_any_width_and_theme(
    monitor: Monitor, browser: "Browser", address: str, title: str
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(monitor.url + address)
        if address == RUN:
            page.wait_for_selector(f"{ADC} svg text")
        assert page.title() == f"{title} · swf-testbed"
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in schemes:
            page.emulate_media(color_scheme=theme)
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", ground))) < 200) == (theme == "dark")
            for width in (1280, 380):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.problems == []
        assert {httpx.URL(url).netloc for url in seen.requests} == {httpx.URL(monitor.url).netloc}


@needs_scripts
def test_a_histogram_is_drawn_with_what_was_counted(monitor: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.open_run(monitor)
        told = monitor.client.get(
            "/api/histograms/", params={"run_number": 100010, "subsystem": "drich", "format": "root"}
        ).json()["results"][0]["content"]
        assert float(entries(page) or 0) == sum(told["contents"]) == told["entries"] > 0
        assert page.locator(f"{ADC} figcaption").inner_text().startswith("ADC spectrum")
        assert {"0", "1000"} <= set(axis_labels(page))
        curve = page.locator(f"{ADC} svg path").evaluate_all(
            "paths => paths.map(path => path.getBBox().width)"
        )
        assert max(curve) > 100
        page.wait_for_selector('.trend[data-table="rates"] canvas')


@needs_scripts
def test_messages_of_the_run_move_the_numbers_without_a_reload(monitor: Monitor, browser: "Browser") -> None:
    monitor.add_run(100011)
    monitor.add_counts(100011, 2000)
    with watched(browser) as seen:
        page = seen.open_run(monitor, RUN.replace("100010", "100011"))
        assert page.locator("#figures dd").first.inner_text() == "1"
        for sequence in range(2, 12):
            monitor.add_stf(100011, sequence)
            monitor.say("stf_ready", 100011, filename=f"swf.100011.{sequence:06d}.stf")
        page.locator("#figures dd").first.filter(has_text=re.compile("^11$")).wait_for()
        assert page.locator("#stfs tbody tr").first.inner_text().startswith("swf.100011.000011.stf")
        assert len([url for url in seen.requests if "part=live" in url]) <= 6
        assert seen.problems == []


@needs_scripts
def test_hostile_names_are_only_text(monitor: Monitor, browser: "Browser") -> None:
    hostile = "<script>window.hurt=1</script><img src=x onerror='window.hurt=1'>"
    monitor.add_run(100012, execution=hostile, end_reason=hostile)
    monitor.add_counts(100012, 400, label=hostile)
    monitor.post("systemagents/heartbeat", {"instance_name": hostile, "operational_state": "READY"})
    monitor.post(
        "workers",
        {"worker_id": hostile, "run_number": 100012, "location": hostile, "status": "busy"},
    )
    with watched(browser) as seen:
        page = seen.open_run(monitor, RUN.replace("100010", "100012"))
        assert hostile in page.locator("#head").inner_text()
        assert hostile in page.locator("#workers").inner_text()
        assert hostile in page.locator(f"{ADC} figcaption").inner_text()
        page.hover(f"{ADC} svg .root_frame")
        page.goto(monitor.url)
        assert hostile in page.locator("#agents").inner_text()
        assert page.evaluate("window.hurt") is None
        assert seen.problems == []


@needs_scripts
def test_the_context_menu_of_a_plot_works_under_the_content_security_policy(
    monitor: Monitor, browser: "Browser"
) -> None:
    with watched(browser) as seen:
        page = seen.open_run(monitor)
        page.click(f"{ADC} svg .root_frame", button="right")
        page.locator(".jsroot_ctxt_container").get_by_text("Show statbox").wait_for()
        assert seen.problems == []


def test_the_page_works_without_the_scripts_and_says_how_to_get_them(
    monitor: Monitor, browser: "Browser"
) -> None:
    with watched(browser) as seen:
        seen.page.route("**/vendor/**", lambda route: route.abort())
        seen.page.goto(monitor.url + RUN)
        seen.page.wait_for_selector("#not-gathered:visible")
        assert "tools/gather_web.py" in seen.page.locator("#not-gathered").inner_text()
        seen.page.wait_for_selector('#link-state[data-state="live"]')
        assert seen.page.locator("#figures dd").first.inner_text() == "1"


def test_the_theme_is_remembered(monitor: Monitor, browser: "Browser") -> None:
    with watched(browser, color_scheme="dark") as seen:
        seen.page.goto(monitor.url)
        seen.page.focus("#theme")
        seen.page.keyboard.press("Enter")
        assert seen.page.locator("html").get_attribute("data-theme") == "light"
        seen.page.goto(monitor.url + "/runs/")
        assert seen.page.locator("#theme").inner_text() == "Theme: light"
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(245, 246, 248)"


def test_times_are_in_the_readers_zone_with_utc_on_hover(monitor: Monitor, browser: "Browser") -> None:
    with watched(browser, timezone_id="America/New_York", locale="en-US") as seen:
        seen.page.goto(monitor.url + RUN)
        seen.page.wait_for_selector("#head time[title]")
        shown = seen.page.locator("#head time")
        assert re.search(r"\d\d:\d\d:\d\d (GMT-[45]|E[SD]T)$", shown.inner_text())
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", shown.get_attribute("title") or "")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing", 404),
        ("/runs/99/", 404),
        ("/runs/?page=9", 404),
        ("/runs/100010/?subsystem=x", 400),
        ("/runs/?phase=x", 400),
        ("/runs/?page=0", 400),
    ],
)
def test_what_does_not_exist_is_a_page_that_leads_on(monitor: Monitor, address: str, status: int) -> None:
    answer = monitor.client.get(address)
    assert answer.status_code == status
    assert 'href="/runs/"' in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_no_page_has_a_script_or_a_style_in_itself(monitor: Monitor) -> None:
    for address in ("/", "/runs/", RUN, "/login/", "/nothing"):
        text = monitor.client.get(address).text
        inline = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
        assert all('type="application/json"' in tag for tag in inline)
        assert not re.search(r"<style|<[^<>]*\s(style|on\w+)=", text)


def test_pages_ask_who_it_is_when_reading_is_not_public(tmp_path: Path) -> None:
    with serving(tmp_path, SWF_PUBLIC_READ="0") as closed, httpx.Client(base_url=closed.url) as stranger:
        for address in ("/", "/runs/", "/runs/100010/", "/logs/", "/logs.csv", "/agents/x/"):
            answer = stranger.get(address)
            assert answer.status_code == 302
            assert answer.headers["location"].startswith("/login/?next=/")
        assert stranger.get("/login/").status_code == 200
