"""Every page, light and wide, dark and narrow: accessible, without an error, and asking nobody else."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from every_page import NO_PAGES, fill, names
from live_monitor import Monitor
from watched_page import Watched, watched

from swf_testbed.broker.testing import RunningBroker

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GRAVE = {"serious", "critical"}
VIEWS: dict[str, dict[str, Any]] = {
    "light and wide": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark and narrow": {"color_scheme": "dark", "viewport": {"width": 380, "height": 800}},
}


@pytest.fixture(scope="module")
def pages(operated: Monitor, broker: RunningBroker) -> dict[str, str]:
    return fill(operated, broker.port)


def _findings(page: "Page") -> list[str]:
    """What axe-core finds that keeps people out."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} ({' '.join(node.get('failureSummary', '').split())[:200]})"
        for rule in found
        if rule["impact"] in GRAVE
        for node in rule["nodes"][:3]
    ]


def _wrong(seen: Watched, operated: Monitor, address: str) -> list[str]:
    """Everything that is wrong with a page."""
    seen.problems.clear()
    seen.requests.clear()
    page = seen.page
    page.goto(operated.url + address, wait_until="load")
    if page.locator("#link-state").count():
        page.wait_for_selector('#link-state[data-state="live"]', timeout=60_000)
    ours = urlsplit(operated.url).netloc
    elsewhere = [
        url for url in seen.requests if urlsplit(url).scheme != "data" and urlsplit(url).netloc != ours
    ]
    width, room = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    wide = [f"{width} px wide in {room}"] if width > room else []
    untitled = [] if page.title().endswith(" · swf-testbed") else [f"title {page.title()!r}"]
    said = [problem for problem in seen.problems if "404" not in problem and "400" not in problem]
    return _findings(page) + said + [f"asks {url}" for url in elsewhere] + wide + untitled


@pytest.mark.timeout(400)
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wrong_with_any_page(
    operated: Monitor, pages: dict[str, str], browser: "Browser", view: str
) -> None:
    with watched(browser, **VIEWS[view]) as seen:
        wrong = {"login": _wrong(seen, operated, "/login/")}
        seen.log_in(operated, "boss", "/account/tokens/")
        wrong |= {name: _wrong(seen, operated, address) for name, address in pages.items()}
    told = [f"{name}: {what}" for name, found in wrong.items() for what in found]
    assert not told, "\n".join(told)


def test_no_page_was_forgotten(pages: dict[str, str]) -> None:
    assert names() - NO_PAGES - set(pages) == set()


REACH = """
() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== 'hidden'
    && !one.closest('[popover]:not(:popover-open)') && one.tabIndex >= 0)
  .map((one, i) => { one.dataset.reach = i; return i; })
"""
FOCUSED = """
() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const seen = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
  return [one.dataset.reach, seen, one.outerHTML.slice(0, 120)];
}
"""


@pytest.mark.parametrize(
    "name",
    [
        "hub",
        "run",
        "shift",
        "subsystem",
        "compare",
        "replay",
        "system",
        "alarm",
        "raise-alarm",
        "dead-letters",
    ],
)
def test_everything_is_reached_by_keyboard_and_seen_there(
    operated: Monitor, pages: dict[str, str], browser: "Browser", name: str
) -> None:
    with watched(browser) as seen:
        page = seen.log_in(operated, "boss", "/account/tokens/")
        # What moves is put in place anew, which is not what is tested here.
        page.route("**/messages/stream/**", lambda route: route.abort())
        page.goto(operated.url + pages[name])
        page.wait_for_function("document.readyState === 'complete'")
        wanted = set(page.evaluate(REACH))
        reached, unseen = set(), []
        page.evaluate("document.activeElement.blur()")
        for _ in range(len(wanted) + 20):
            page.keyboard.press("Tab")
            number, visible, what = page.evaluate(FOCUSED)
            if number is not None:
                reached.add(int(number))
                unseen += [] if visible else [what]
            if reached >= wanted:
                break
        missed = page.evaluate(
            "(all) => all.map((i) => document.querySelector(`[data-reach='${i}']`).outerHTML.slice(0, 120))",
            sorted(wanted - reached),
        )
        assert missed == []
        assert unseen == []


def test_the_first_stop_skips_to_the_content(operated: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{operated.url}/system/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.wait_for_url("**/system/#main")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")
