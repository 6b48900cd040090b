"""Lists and details as a reader uses them, in a real browser against a real monitor."""

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import httpx
import pytest
from listed_rows import (
    EXECUTION,
    LIST_RUN,
    MESSAGE,
    NAMESPACE,
    SAMPLE,
    STFS,
    WORKER,
    add_logs,
    stf_name,
    total,
)
from live_monitor import Monitor
from watched_page import watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LISTS = {
    "runs": "Runs",
    "stfs": "STF files",
    "copies": "Copies of STF files",
    "stages": "Stages of STF files",
    "datasets": "Datasets",
    "samples": "TF samples",
    "slices": "Slices",
    "workers": "Workers",
    "definitions": "Workflow definitions",
    "executions": "Workflow executions",
    "namespaces": "Namespaces",
    "agents": "Agents",
    "messages": "Messages",
    "logs": "Logs",
    "subscribers": "Subscribers",
    "alarms": "Alarms",
    "quality": "Quality flags",
    "states": "State history",
}
DETAILS = {
    f"stfs/{stf_name(0)}": f"STF file {stf_name(0)}",
    f"samples/{SAMPLE}": f"TF sample {SAMPLE}",
    f"slices/{SAMPLE}/0": f"Slice {SAMPLE}/0",
    f"workers/{WORKER}": f"Worker {WORKER}",
    f"namespaces/{NAMESPACE}": f"Namespace {NAMESPACE}",
    "agents/lister-agent-t-1": "Agent lister-agent-t-1",
    "subscribers/reader of lists": "Subscriber reader of lists",
    "logs/summary": "Log summary",
}


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page on which nothing goes wrong."""
    with watched(browser, viewport={"width": 1280, "height": 900}) as seen:
        yield seen.page
        assert seen.problems == []


def rows(page: "Page") -> list[str]:
    """The first cell of each row."""
    return page.locator("#rows tbody th").all_inner_texts()


@pytest.mark.parametrize("path", [*LISTS, *DETAILS])
def test_every_list_and_detail_is_whole_at_any_width_and_theme(
    listed: Monitor, browser: "Browser", path: str
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{listed.url}/{path}/")
        assert page.title() == f"{(LISTS | DETAILS)[path]} · swf-testbed"
        assert page.locator("main h1").count() == 1
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in schemes:
            page.emulate_media(color_scheme=theme)
            for width in (1280, 380):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.problems == []
        assert {httpx.URL(url).netloc for url in seen.requests} == {httpx.URL(listed.url).netloc}
        text = listed.client.get(f"/{path}/").text
        assert not re.search(r"<style|<[^<>]*\s(style|on\w+)=|<script(?![^>]* src=)", text)


def test_a_filter_says_how_many_rows_it_leaves_and_a_copied_link_shows_them_again(
    listed: Monitor, browser: "Browser", page: "Page"
) -> None:
    page.goto(f"{listed.url}/stfs/?run={LIST_RUN}")
    assert total(page) == STFS
    facet = page.locator(".facet", has_text="failed")
    assert facet.inner_text().split() == ["failed", "6"]
    facet.click()
    page.wait_for_url("**status=failed**")
    assert total(page) == 6
    assert rows(page) == [stf_name(number) for number in range(53, 0, -10)]
    # The others' numbers are still those that choosing them too would add.
    assert page.locator(".facet", has_text="registered").inner_text().split() == ["registered", "54"]
    page.locator("th a", has_text="Size").click()
    page.wait_for_url("**ordering=**")
    with watched(browser) as elsewhere:
        elsewhere.page.goto(page.url)
        assert elsewhere.page.locator("#rows tbody").inner_text() == page.locator("#rows tbody").inner_text()
        assert total(elsewhere.page) == 6
    page.locator(".facet[aria-current]", has_text="failed").click()
    page.wait_for_function("!location.search.includes('status')")
    assert total(page) == STFS


def test_columns_sort_both_ways(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/stfs/?run={LIST_RUN}&status=failed")
    for way, direction in (("ascending", 1), ("descending", -1)):
        page.locator("th a", has_text="File").click()
        page.wait_for_selector(f"th[aria-sort={way}]")
        assert rows(page) == [stf_name(number) for number in range(3, 60, 10)][::direction]


def test_pages_follow_one_another_without_gap_or_copy(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/stfs/?run={LIST_RUN}&ordering=sequence")
    found = rows(page)
    assert len(found) == 50
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2")
    assert found + rows(page) == [stf_name(number) for number in range(STFS)]
    assert page.get_by_role("link", name="Next").count() == 0
    page.get_by_role("link", name="Previous").click()
    page.wait_for_function("!location.search.includes('page')")
    assert rows(page) == found


def test_a_search_keeps_the_filters(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/stfs/?run={LIST_RUN}&status=failed")
    page.get_by_role("searchbox").fill("00001")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=00001**")
    assert rows(page) == [stf_name(13)]
    page.locator(".chip", has_text="Search").click()
    page.wait_for_function("!location.search.includes('q=')")
    assert total(page) == 6


def test_times_are_typed_in_the_readers_zone_and_mean_the_same_elsewhere(
    listed: Monitor, browser: "Browser"
) -> None:
    for day, text in ((30, "before"), (31, "after")):
        add_logs(listed, text, namespace="timed", timestamp=f"2026-01-{day}T11:59:59Z")
    with watched(browser, timezone_id="America/New_York") as seen:
        page = seen.page
        page.goto(f"{listed.url}/logs/?namespace=timed")
        page.fill("[name=start_time]", "2026-01-31T06:59:59")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**start_time=**")
        assert httpx.URL(page.url).params["start_time"] == "2026-01-31T11:59:59Z"
        assert set(httpx.URL(page.url).params) == {"namespace", "start_time"}
        assert total(page) == 1
        assert page.locator("#rows td.wide").inner_text() == "after"
        assert page.input_value("[name=start_time]") == "2026-01-31T06:59:59"
        assert seen.problems == []


def test_rows_without_a_value_are_filtered_too(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/alarms/?subject=lists+are+tested")
    page.locator(".facets > div", has_text="Acknowledged by").locator(".facet", has_text="none").click()
    page.wait_for_url("**without=acknowledged_by**")
    assert total(page) == 1


def test_downloads_have_exactly_what_is_filtered(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/stfs/?run={LIST_RUN}&status=registered&ordering=-sequence&q=0000")
    told = listed.client.get(
        "/api/stf-files/", params={"run": LIST_RUN, "status": "registered", "ordering": "-sequence"}
    ).json()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    with downloading.value.path().open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert total(page) == len(lines) == told["count"] == 54
    assert [line["stf_filename"] for line in lines] == [row["stf_filename"] for row in told["results"]]
    # Copies are rows of a list of their own.
    assert set(lines[0]) == set(told["results"][0]) - {"replicas"}
    with page.expect_download() as downloading:
        page.get_by_role("link", name="JSON").click()
    assert httpx.Response(200, content=downloading.value.path().read_bytes()).json() == told["results"]


def test_no_cell_of_a_download_is_a_formula(listed: Monitor) -> None:
    texts = ["=1+1", "+1", "-1", "@x", "\t=1", 'say "=1"']
    add_logs(listed, *texts, namespace="formulas")
    answer = listed.client.get("/logs.csv?namespace=formulas&ordering=id")
    assert answer.headers["content-disposition"] == 'attachment; filename="logs.csv"'
    found = [row["message"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert found == [*(f"'{text}" for text in texts[:-1]), texts[-1]]


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/logs/?levle=INFO", 400, "levle"),
        ("/logs/?levle=", 400, "levle"),
        ("/logs/?without=levle", 400, "levle"),
        ("/stfs/?without=end_time", 400, "without"),
        ("/slices/?status=nothing", 400, "queued, processing, completed, failed"),
        ("/messages/?run_number=x", 400, "run_number"),
        ("/messages/?start_time=yesterday", 400, "2026-01-31T12:00:00Z"),
        ("/stfs/?ordering=file_url", 400, "ordering"),
        ("/stfs/?page=0", 400, "page"),
        ("/stfs/?page=99999", 404, "page 99999"),
        ("/stfs/?q=" + "x" * 201, 400, "200 characters"),
        ("/logs/summary/?x=1", 400, "x"),
        ("/stfs.csv?x=1", 400, "x"),
        ("/stfs.xml", 404, "stfs.xml"),
        ("/nothing.csv", 404, "nothing.csv"),
        ("/agents/nobody/", 404, "nobody"),
        ("/slices/x/y/z/", 404, "x/y/z"),
        ("/logs/%00/", 404, "logs"),
    ],
)
def test_what_is_asked_wrongly_is_a_page_that_says_so(
    listed: Monitor, address: str, status: int, words: str
) -> None:
    answer = listed.client.get(address)
    assert answer.status_code == status
    assert words in answer.text
    assert 'href="/runs/"' in answer.text


def test_things_lead_to_one_another(listed: Monitor, page: "Page") -> None:
    page.goto(f"{listed.url}/executions/?namespace={NAMESPACE}")
    steps = [
        (EXECUTION, f"executions/{EXECUTION}/"),
        (str(LIST_RUN), f"runs/{LIST_RUN}/"),
    ]
    for name, path in steps:
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(f"{listed.url}/{path}**")
    page.goto(f"{listed.url}/stfs/?q={stf_name(0)}")
    steps = [
        (stf_name(0), f"stfs/{stf_name(0)}/"),
        (SAMPLE, f"samples/{SAMPLE}/"),
        ("0", f"slices/{SAMPLE}/0/"),
        (WORKER, "workers/worker/of%20lists/"),
        (NAMESPACE, f"namespaces/{NAMESPACE}/"),
        ("lister-agent-t-1", "agents/lister-agent-t-1/"),
        (str(MESSAGE)[:8], f"messages/{MESSAGE}/"),
    ]
    for name, path in steps:
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_url(f"{listed.url}/{path}")
    page.goto(f"{listed.url}/stfs/{stf_name(0)}/")
    page.get_by_role("link", name="Messages that name it").click()
    page.wait_for_url("**/messages/**")
    assert rows(page) == [str(MESSAGE)[:8]]


def test_the_log_summary_leads_to_the_lines_that_it_counts(listed: Monitor, page: "Page") -> None:
    add_logs(listed, "one", "two", namespace="summed")
    add_logs(listed, "bad", namespace="summed", level=40, levelname="ERROR")
    page.goto(f"{listed.url}/logs/summary/?namespace=summed")
    row = page.locator("#rows tbody tr").filter(has_text="lister-agent-t-1")
    assert row.locator("td.number a").all_inner_texts() == ["1", "2"]
    row.locator("td.number a").last.click()
    page.wait_for_url("**/logs/?**")
    assert total(page) == 2
