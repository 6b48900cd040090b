"""Trends from run to run: drawn, with flags and links, and as files."""

import csv
import io
from typing import TYPE_CHECKING

import pytest
from live_monitor import Monitor
from shift_rows import judge
from watched_page import cells, watched

from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUNS = (100_730, 100_731, 100_732)
NAMESPACE = "days"


def figures(run: int, hits: float) -> list[dict[str, object]]:
    return [
        {
            "run_number": run,
            "stf_filename": f"swf.{run}.{number:06d}.stf",
            "since": iso(now()),
            "frames": 1000,
            "evaluated": 1000,
            "sampled": 50,
            "values": {"drich": {"hits": hits + number, "adc_mean": None}},
        }
        for number in (1, 3)
    ]


@pytest.fixture(scope="module")
def days(operated: Monitor) -> Monitor:
    """Three runs whose hits rise, dRICH bad in the last, and one without figures."""
    for place, run in enumerate(RUNS):
        operated.add_run(run, namespace=NAMESPACE)
        operated.post("stf-figures", figures(run, 100.0 * (place + 1)))
        judge(operated, run, {"drich": ("bad", "too many hits")} if run == RUNS[-1] else {})
    operated.add_run(RUNS[-1] + 1, namespace=NAMESPACE)
    return operated


@pytest.mark.timeout(300)
def test_figures_are_drawn_run_by_run_with_flags_and_links(days: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{days.url}/trends/?namespace={NAMESPACE}&subsystem=drich")
        page.wait_for_selector('#link-state[data-state="live"]')
        page.wait_for_selector('[data-table="figure-hits"][data-points="3"] canvas')
        assert page.locator("#title-adc_mean").count() == 0
        rows = cells(page, "#runs tbody tr")
        assert [(row[0], row[2], row[4]) for row in rows] == [
            (str(RUNS[2]), "bad", "302"),
            (str(RUNS[1]), "good", "202"),
            (str(RUNS[0]), "good", "102"),
        ]
        assert page.locator(".run-flags .bad").count() == 1
        days.post(f"runs/{RUNS[0]}/mark", {"mark": "bad"})
        page.locator("#runs tbody tr").nth(2).locator("td:nth-child(4)").get_by_text("bad").wait_for()
        page.locator("#runs tbody").get_by_role("link", name="bad").first.click()
        page.wait_for_url(f"**/shift/drich/?run={RUNS[2]}")
        page.goto(f"{days.url}/trends/?namespace={NAMESPACE}&last=2")
        page.wait_for_selector('[data-table="figure-sampled_fraction"][data-points="2"] canvas')
        assert "0.05" in page.locator("#runs tbody tr").first.inner_text()
        assert seen.problems == []


def test_trends_are_files(days: Monitor) -> None:
    asked = f"?namespace={NAMESPACE}&subsystem=drich"
    rows = list(csv.DictReader(io.StringIO(days.client.get(f"/trends/runs.csv{asked}").text)))
    assert [(row["run_number"], row["quality"], row["hits"]) for row in rows] == [
        (str(RUNS[0]), "good", "102.0"),
        (str(RUNS[1]), "good", "202.0"),
        (str(RUNS[2]), "bad", "302.0"),
    ]
    # As the REST interface has it, and of all subsystems if none is named.
    everything = days.client.get(f"/trends/runs.json?namespace={NAMESPACE}").json()
    whole = [row["frames"] for row in everything if row["subsystem"] == "run"]
    told = days.client.get("/api/trends/", params={"run_number": list(RUNS)}).json()
    assert whole == told["columns"]["frames"] == [2000, 2000, 2000]
    hits = [row["hits"] for row in everything if row["subsystem"] == "drich"]
    assert hits == told["subsystems"]["drich"]["hits"]
    # What has changed since it was asked for is told anew.
    days.post("stf-figures", figures(RUNS[0], 1000.0))
    again = days.client.get("/api/trends/", params={"run_number": list(RUNS)}).json()
    assert again["subsystems"]["drich"]["hits"] == [1002, 202, 302]


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/trends/?last=0", 400, "last"),
        ("/trends/?last=201", 400, "200"),
        ("/trends/?subsystem=tpc", 400, "subsystem"),
        ("/trends/runs.xml", 404, "csv, json"),
        ("/trends/?namespace=nowhere", 200, "No run of nowhere has figures yet"),
        ("/trends/runs.json?namespace=nowhere", 200, "["),
    ],
)
def test_what_is_wrong_or_empty_is_said(days: Monitor, address: str, status: int, said: str) -> None:
    told = days.client.get(address)
    assert told.status_code == status
    assert said in told.text
