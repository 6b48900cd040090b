"""The pages of a shift in a browser: the overview, a subsystem, plots as files, and runs compared."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uproot
from live_monitor import Monitor
from shift_rows import WHY, add_window, count, fill_shift, judge
from watched_page import PATIENCE_MS, watched

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
RUN, OTHER = 100_700, 100_701
SCREEN = {"width": 1280, "height": 800}
ADC = 'figure[data-subsystem="drich"][data-name="adc"]'


@pytest.fixture(scope="module")
def shift(operated: Monitor) -> Monitor:
    """The operated monitor, with two runs of the namespace `night`."""
    fill_shift(operated, RUN, "night")
    operated.add_run(OTHER, namespace="night", end_time="2026-01-01T00:00:00Z")
    count(operated, OTHER, "drich", "adc", 40_000)
    return operated


def rows(page: "Page") -> list[str]:
    found: list[str] = page.locator("#subsystems tbody tr").evaluate_all(
        "all => all.map(one => one.dataset.subsystem)"
    )
    return found


def test_the_overview_is_one_screen_the_worst_first_and_moves(shift: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport=SCREEN, timezone_id="Europe/Zurich") as seen:
        page = seen.page
        page.goto(f"{shift.url}/shift/?namespace=night")
        page.wait_for_selector('#link-state[data-state="live"]')
        assert rows(page)[:2] == ["drich", "btof"]
        assert len(rows(page)) == 16
        first = page.locator("#subsystems tbody tr").first.inner_text()
        assert WHY in first
        assert "CET" in first or "CEST" in first
        assert "quality:dRICH" in page.locator("#alarms").inner_text()
        height, room = page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert height <= room
        assert page.locator("[data-zone]").inner_text() == "Europe/Zurich"
        judge(shift, RUN, {"mpgd": ("bad", "channels 100-199 are hot")})
        page.wait_for_selector(
            '#subsystems tr[data-subsystem="mpgd"]:has-text("are hot")', timeout=PATIENCE_MS
        )
        assert "mpgd" in rows(page)[:2]
        assert seen.problems == []


def test_an_alarm_is_acknowledged_with_a_note_from_the_overview(shift: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport=SCREEN) as seen:
        page = seen.log_in(shift, "boss", f"/shift/?run={RUN}")
        page.locator("#alarms summary").first.click()
        note = page.locator("#alarms input[type=text]").first
        note.fill("crate 3 is being power-cycled")
        # What moves leaves alone what somebody writes.
        count(shift, RUN, "btof", "adc", 12_000)
        page.wait_for_selector('#figures:has-text("revision 3")')
        assert note.input_value() == "crate 3 is being power-cycled"
        page.locator("#alarms button").first.click()
        page.wait_for_selector('#alarms :text("cares for it")')
        assert page.url == f"{shift.url}/shift/?run={RUN}"
    alarms = shift.client.get("/api/alarms/?namespace=night").json()["results"]
    noted = [one["acknowledged_by"] for one in alarms if one["note"] == "crate 3 is being power-cycled"]
    assert noted == ["boss"]


def test_a_subsystem_shows_why_where_and_its_windows_side_by_side(shift: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport=SCREEN) as seen:
        page = seen.page
        page.goto(f"{shift.url}/shift/drich/?run={RUN}&window=side&against={OTHER}&map=1")
        page.wait_for_selector('#link-state[data-state="live"]')
        told = page.locator("#quality tbody tr").first.inner_text()
        assert WHY in told
        assert "unit 17" in told
        page.wait_for_selector("#quality .quality-band rect.bad", state="attached")
        page.wait_for_function(
            "selector => document.querySelectorAll(selector).length === 4", arg=f"{ADC} svg .root_frame"
        )
        captions = page.locator(f"{ADC} figcaption > span:first-child").all_inner_texts()
        assert captions == [
            f"ADC spectrum · last STF of run {RUN}",
            f"ADC spectrum · last 30 s of run {RUN}",
            f"ADC spectrum · run {RUN}",
            "ADC spectrum · 1 runs",
        ]
        page.wait_for_selector('[data-table="trend"] canvas')
        page.wait_for_selector('#map figure[data-name="channel_map"] svg .main_layer path', state="attached")
        add_window(shift, RUN, "30s", 9_000)
        assert seen.problems == []


@pytest.mark.parametrize("show", ["overlay", "ratio"])
def test_runs_are_compared_on_the_same_axes(shift: Monitor, browser: "Browser", show: str) -> None:
    with watched(browser, viewport=SCREEN) as seen:
        page = seen.page
        page.goto(f"{shift.url}/compare/?of={RUN}+{OTHER}&subsystem=drich&show={show}")
        page.wait_for_selector(f"{ADC} svg .root_frame")
        assert page.locator(".series li").all_inner_texts() == [f"run {RUN}", f"run {OTHER}"]
        labels = page.locator(f"{ADC} svg .yaxis_container text").all_text_contents()
        # Scaled to as many entries the two are the same.
        assert ("2" in labels) == (show == "ratio")
        page.click(".filter a:not([aria-current])")
        page.wait_for_url(f"**show={'ratio' if show == 'overlay' else 'overlay'}")
        assert seen.problems == []


@pytest.mark.parametrize("form", ["SVG", "PNG", "ROOT", "JSON"])
def test_a_plot_is_saved(shift: Monitor, browser: "Browser", form: str) -> None:
    with watched(browser, viewport=SCREEN, color_scheme="dark") as seen:
        page = seen.page
        page.goto(f"{shift.url}/shift/drich/?run={OTHER}")
        page.wait_for_selector(f"{ADC} svg .root_frame")
        page.click(f"{ADC} .files summary")
        with page.expect_download() as expected:
            page.locator(f"{ADC} .files").get_by_text(form, exact=True).click()
        data = Path(expected.value.path()).read_bytes()
        name = expected.value.suggested_filename
        assert name.endswith(f".{form.lower()}")
        assert "drich-adc" in name
        CHECKS[form](data)
        assert seen.problems == []


def _is_svg(data: bytes) -> None:
    text = data.decode()
    assert text.startswith("<svg")
    assert "ADC spectrum" in text
    assert "var(--" not in text


def _is_png(data: bytes) -> None:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(data) > 5_000


def _is_root(data: bytes) -> None:
    with uproot.open(io.BytesIO(data)) as file:
        found = file["adc"]
        assert found.classname == "TH1D"
        assert found.values().sum() == 40_000
        assert found.axis().edges()[-1] == 1024


def _is_uhi(data: bytes) -> None:
    document: dict[str, Any] = json.loads(data)
    assert document["uhi_schema"] == 1
    assert sum(document["storage"]["values"]) == 40_000


CHECKS = {"SVG": _is_svg, "PNG": _is_png, "ROOT": _is_root, "JSON": _is_uhi}


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/shift/?run=x", 400, "run"),
        ("/shift/?run=4000000", 404, "there is no run 4000000"),
        ("/shift/nothing/", 400, "subsystem"),
        ("/shift/drich/?window=5min", 400, "window"),
        ("/compare/?of=1+2+3+4+5+6+7", 400, "at most 6"),
        ("/compare/?of=a@b", 400, "must be a reference like"),
        ("/compare/?of=no/1", 404, "there is no reference"),
        ("/wall/?interval=1", 400, "interval"),
        ("/layouts/unnamed/?cells=a", 400, "cells"),
        ("/layouts/unnamed/?cells=a.b,a.b", 400, "twice"),
        ("/layouts/nobody/none/", 404, "no layout"),
        ("/plots/", 400, "source"),
        ("/plots/histogram.root?source=100701&subsystem=drich", 400, "name"),
        ("/plots/histogram.root?source=100701&subsystem=drich&name=no", 404, "has no histogram"),
        ("/plots/histogram.gif?source=100701&subsystem=drich&name=adc", 404, "no form"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(shift: Monitor, address: str, status: int, said: str) -> None:
    told = shift.client.get(address)
    assert told.status_code == status
    assert said in told.text
