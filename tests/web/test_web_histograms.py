"""Histograms in the browser: what their reader set stays, however often they are drawn anew."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_monitor import Monitor
from watched_page import ADC, PATIENCE_MS, watched

import swf_testbed.monitor.web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

VENDOR = Path(swf_testbed.monitor.web.__file__).parent / "static" / "vendor"
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (VENDOR / "gathered.json").exists(), reason="the scripts are not gathered: tools/gather_web.py"
    ),
]

UPDATES = 10
MAP = 'figure[data-name="map"]'
WIDE = {"width": 1280, "height": 900}


def hit_map(factor: int) -> dict[str, Any]:
    """Hits in two dimensions, as UHI."""
    values = np.zeros((41, 31), np.int64)
    values[:40, :30] = factor * np.add.outer(np.arange(40), np.arange(30))
    axes = [
        {
            "type": "regular",
            "lower": 0.0,
            "upper": float(bins),
            "bins": bins,
            "underflow": False,
            "overflow": True,
        }
        | {"circular": False, "metadata": {"label": label, "unit": "mm"}}
        for label, bins in (("x", 40), ("y", 30))
    ]
    words = {"name": "map", "label": "dRICH: Map", "quantity": "hits"}
    return {
        "uhi_schema": 1,
        "metadata": words,
        "axes": axes,
        "storage": {"type": "int", "values": values.tolist()},
    }


def numbers(page: "Page", figure: str, axis: str = "x") -> list[str]:
    """What is written along an axis."""
    return page.locator(f"{figure} svg .{axis}axis_container text").all_text_contents()


def zoom(page: "Page", figure: str) -> list[str]:
    """Drag over the middle of a plot; what is then written along its x axis."""
    whole = numbers(page, figure)
    frame = page.locator(f"{figure} svg .root_frame").bounding_box()
    assert frame is not None
    left, top, width, height = (frame[name] for name in ("x", "y", "width", "height"))
    page.mouse.move(left + 0.4 * width, top + 0.4 * height)
    page.mouse.down()
    page.mouse.move(left + 0.6 * width, top + 0.6 * height, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "([all, was]) => [...document.querySelectorAll(all)].map(one => one.textContent).join() != was",
        arg=[f"{figure} svg .xaxis_container text", ",".join(whole)],
    )
    return numbers(page, figure)


def wait_for_entries(page: "Page", figure: str, number: int) -> None:
    page.wait_for_selector(f'{figure}[data-entries="{number}"]', timeout=PATIENCE_MS)


def colours(page: "Page") -> list[str]:
    """Of the bins of the map."""
    filled = page.locator(f"{MAP} svg .main_layer path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('fill'))"
    )
    return [fill for fill in filled if re.match(r"rgb|#", fill or "")]


def is_grey(colour: str) -> bool:
    return len(set(re.findall(r"\d+", colour))) == 1


def test_zoom_and_logarithmic_scale_stay_through_ten_updates(monitor: Monitor, browser: "Browser") -> None:
    monitor.add_run(100020)
    monitor.add_counts(100020, 20_000)
    with watched(browser, viewport=WIDE) as seen:
        page = seen.open_run(monitor, "/runs/100020/?subsystem=drich")
        page.click("#log-scale")
        page.wait_for_url("**scale=log")
        zoomed = zoom(page, ADC)
        fetched = _fetches(seen.requests)
        for update in range(1, UPDATES + 1):
            monitor.add_counts(100020, 20_000 * (1 + update))
            wait_for_entries(page, ADC, 20_000 * (1 + update))
            assert numbers(page, ADC) == zoomed
            assert any(level in {"10", "100", "1000", "10²", "10³"} for level in numbers(page, ADC, "y"))
        assert page.get_attribute("#log-scale", "aria-pressed") == "true"
        assert _fetches(seen.requests) == fetched + UPDATES
        assert seen.problems == []


def test_palette_and_zoom_of_a_map_stay_through_ten_updates(monitor: Monitor, browser: "Browser") -> None:
    monitor.add_run(100021)
    monitor.add_counts(100021, 200)
    monitor.merge(100021, "map", hit_map(1))
    with watched(browser, viewport=WIDE) as seen:
        page = seen.open_run(monitor, "/runs/100021/?subsystem=drich")
        page.wait_for_selector(f"{MAP} svg .main_layer path", state="attached")
        assert not all(map(is_grey, colours(page)))
        page.click(f"{MAP} svg .root_frame", button="right")
        menu = page.locator(".jsroot_ctxt_container")
        menu.get_by_text("Palette", exact=True).hover(force=True)
        menu.get_by_text("Grayscale", exact=True).click(force=True)
        page.wait_for_function(
            "selector => [...document.querySelectorAll(selector)].some(path =>"
            " /^rgb.(\\d+), \\1, \\1/.test(path.getAttribute('fill') ?? ''))",
            arg=f"{MAP} svg .main_layer path",
        )
        zoomed = zoom(page, MAP)
        whole = sum(map(sum, hit_map(1)["storage"]["values"]))
        for factor in range(2, UPDATES + 2):
            monitor.merge(100021, "map", hit_map(factor))
            wait_for_entries(page, MAP, whole * factor)
            assert numbers(page, MAP) == zoomed
            assert all(map(is_grey, colours(page)))
        assert seen.problems == []


def test_a_reference_is_drawn_over_the_histogram_that_has_one(monitor: Monitor, browser: "Browser") -> None:
    """Whoever answers `reference` beside `content` has it drawn; nobody does so yet."""
    monitor.add_run(100022)
    monitor.add_counts(100022, 20_000)

    def add_reference(route: "Route") -> None:
        said = route.fetch().json()
        for row in said["results"]:
            half = [value / 2 for value in row["content"]["contents"]]
            row["reference"] = row["content"] | {"contents": half}
        route.fulfill(body=json.dumps(said), content_type="application/json")

    with watched(browser, viewport=WIDE) as seen:
        drawn = f"{ADC} svg .main_layer path"
        alone = len(_lines(seen.open_run(monitor, "/runs/100022/?subsystem=drich"), drawn))
        seen.page.route("**/api/histograms/**", add_reference)
        page = seen.open_run(monitor, "/runs/100022/?subsystem=drich")
        page.wait_for_function(
            "([selector, number]) => document.querySelectorAll(selector).length > number", arg=[drawn, alone]
        )
        with_reference = len(_lines(page, drawn))
        for update in (2, 3):
            monitor.add_counts(100022, 20_000 * update)
            wait_for_entries(page, ADC, 20_000 * update)
        assert len(_lines(page, drawn)) == with_reference
        assert seen.problems == []


def _fetches(requests: list[str]) -> int:
    return len([address for address in requests if "/api/histograms/" in address])


def _lines(page: "Page", selector: str) -> list[Any]:
    page.wait_for_selector(selector, state="attached")
    return page.locator(selector).all()
