"""A page in a browser, and what happens in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from live_monitor import Monitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RUN = "/runs/100010/?subsystem=drich"
ADC = 'figure[data-name="adc"]'
"""The one histogram that the fixture fills."""

PATIENCE_MS = 60_000
"""How long anything is waited for; the machine may be busy."""


@dataclass
class Watched:
    """A page, and what happened in it."""

    page: "Page"
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def log_in(self, monitor: Monitor, name: str, address: str = "/") -> "Page":
        """Log in as one of the people of `operated`, on the way to a page."""
        self.page.goto(f"{monitor.url}/login/?next={address}")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", f"pass of {name}")
        self.page.click("main button")
        self.page.wait_for_url(monitor.url + address)
        return self.page

    def open_run(self, monitor: Monitor, address: str = RUN) -> "Page":
        """The run page, when its plot is drawn and the stream is open."""
        self.page.goto(monitor.url + address)
        self.page.wait_for_selector(f"{ADC} svg text")
        self.page.wait_for_selector('#link-state[data-state="live"]')
        return self.page


@contextmanager
def watched(browser: "Browser", **options: Any) -> Iterator[Watched]:
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    seen = Watched(context.new_page())
    seen.page.on("console", lambda said: seen.problems.append(said.text) if said.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.problems.append(str(error)))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    try:
        yield seen
    finally:
        context.close()


def cells(page: "Page", rows: str) -> list[list[str]]:
    """What the cells of rows say; the text of a whole row has no tabs while the page is not laid out."""
    found: list[list[str]] = page.locator(rows).evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return found
