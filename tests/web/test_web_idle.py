"""What an open page costs while nothing happens: nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from daq_on_the_bus import Daq, on_the_bus
from watched_page import PATIENCE_MS, watched

from swf_testbed.messages import RunImminent

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN = 100040
SIGN_OF_LIFE_S = 90.0
COUNTED = Path(__file__).with_name("counted_server.py")


@pytest.mark.timeout(300)
def test_an_idle_hub_costs_no_query_between_events(tmp_path: Path, browser: "Browser") -> None:
    queries = tmp_path / "queries"
    with on_the_bus(tmp_path, (str(COUNTED), str(queries))) as (monitor, bus), watched(browser) as seen:
        page = seen.page
        page.goto(monitor.url)
        page.wait_for_selector('#link-state[data-state="live"]', timeout=PATIENCE_MS)
        with monitor.client.stream("GET", "/api/messages/stream/", timeout=SIGN_OF_LIFE_S) as answer:
            signs = _signs_of_life(answer.iter_lines())
            # Until the first, the page has filled itself, and who is connected has been written down.
            next(signs)
            before = queries.stat().st_size
            next(signs)
            assert queries.stat().st_size == before > 0
        Daq(bus, monitor, RUN, "fast_processing-t-0001").say(RunImminent)
        line = page.locator("#active article header").filter(has_text=re.compile(f"Run {RUN}"))
        line.wait_for(timeout=PATIENCE_MS)
        assert queries.stat().st_size > before
        assert seen.problems == []


def _signs_of_life(lines: Iterator[str]) -> Iterator[None]:
    """The heartbeats of a stream, which come when it has told nothing for a while."""
    for line in lines:
        if line.startswith(":") or line == "event: heartbeat":
            yield
