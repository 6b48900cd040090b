"""A browser's own EventSource follows a run, as the how-to guide shows, and resumes after a restart."""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_monitor import Monitor, serving

from documented import Guide

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(300)

EXAMPLE = Guide("how-to/follow-the-stream.md").block('<ol id="events">')
RUN = 100010
PATIENCE_MS = 60_000


def a_free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def say(monitor: Monitor, *names: str) -> None:
    for name in names:
        monitor.say("stf_ready", RUN, filename=name)
        monitor.say("stf_ready", RUN + 1, filename="of another run")


def wait_for(page: "Page", lines: list[str]) -> None:
    """Until the page shows these file names, each once, in order."""
    shown = "[...document.querySelectorAll('#events li')].map(line => line.textContent.split(' ')[2]).join()"
    script = f"wanted => {shown} === wanted"
    page.wait_for_function(script, arg=",".join(lines), timeout=PATIENCE_MS)


def test_a_browser_follows_a_run_and_resumes(browser: "Browser", tmp_path: Path) -> None:
    address = {"SWF_MONITOR_HTTP_URL": a_free_address()}
    page = browser.new_page()
    place = f"{address['SWF_MONITOR_HTTP_URL']}/example.html"
    page.route(place, lambda route: route.fulfill(body=EXAMPLE, content_type="text/html"))
    with serving(tmp_path, **address) as monitor:
        say(monitor, "a", "b")
        page.goto(place)
        wait_for(page, ["a", "b"])
        assert page.title() == "live"
        say(monitor, "c")
        wait_for(page, ["a", "b", "c"])
    page.wait_for_function("document.title === 'reconnecting'", timeout=PATIENCE_MS)
    with serving(tmp_path, **address) as monitor:
        say(monitor, "d", "e")
        wait_for(page, ["a", "b", "c", "d", "e"])
        page.wait_for_function("document.title === 'live'", timeout=PATIENCE_MS)
    page.close()
