"""Where the files of a run are, in which state, and why, in a browser."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from live_monitor import Monitor
from watched_page import cells, watched

from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN, NAMESPACE = 100_750, "archived-pages"
SITES = ("E0-BUFFER", "BNL", "JLAB")
NONE = "\N{EN DASH}"
DATASET = f"swf.{RUN}.run"


def file(sequence: int, states: tuple[str, str, str], problem: str = "", **more: Any) -> dict[str, Any]:
    copies = [
        {"site": site, "verified": state == "verified", "state": state}
        | ({"problem": problem} if state == "failed" else {})
        for site, state in zip(SITES, states, strict=True)
        if state
    ]
    said = {"stf_filename": f"swf.{RUN}.{sequence:06d}.stf", "run": RUN, "sequence": sequence}
    return said | {"file_size_bytes": 10_000_000, "replicas": copies, **more}


def stream(files: int, checksum: str) -> dict[str, Any]:
    return {"files": files, "size_bytes": files * 10_000_000, "checksum": checksum}


def tell_buffer(monitor: Monitor, used: int, level: str, fills_in_s: float | None) -> None:
    said = {"message_id": str(uuid4()), "message_type": "exit_buffer_status", "sender_agent": "data-agent"}
    body = {"level": level, "files": 4, "used_bytes": used, "capacity_bytes": 100_000_000_000}
    content = body | {"waiting_bytes": 20_000_000, "fills_in_s": fills_in_s, "msg_type": "exit_buffer_status"}
    monitor.post(
        "workflow-messages",
        said | {"namespace": NAMESPACE, "sent_at": iso(now()), "message_content": content},
    )


@pytest.fixture(scope="module")
def archived(operated: Monitor) -> Monitor:
    """Four files: two at every site, one that JLAB refuses, one that is not what was announced."""
    operated.add_run(RUN, namespace=NAMESPACE)
    operated.post(
        "stf-files",
        [
            file(1, ("removed", "verified", "verified")),
            file(2, ("verified", "verified", "verified")),
            file(3, ("verified", "verified", "failed"), "disk <b>full</b>"),
            file(4, ("verified", "", ""), status="failed", metadata={"error": "checksum differs"}),
        ],
    )
    streams = {"E0-BUFFER": "nothing", "DAQ": stream(3, "ad:00000003"), "BNL": stream(3, "ad:00000003")}
    said = {"name": DATASET, "run": RUN, "sites": ["BNL", "JLAB"], "files": 3, "expected_files": 5}
    operated.post("datasets", said | {"streams": streams | {"JLAB": stream(2, "ad:00000002")}})
    alarm = {"severity": "error", "namespace": NAMESPACE, "run_number": RUN}
    operated.post("alarms", alarm | {"subject": "site:JLAB", "text": "JLAB does not answer"})
    operated.post("alarms", alarm | {"subject": "quality:drich", "text": "no hits"})
    tell_buffer(operated, 40_000_000_000, "low", None)
    tell_buffer(operated, 85_000_000_000, "high", 300.0)
    return operated


@pytest.mark.timeout(300)
def test_every_file_is_seen_where_it_is_and_why_it_is_not_everywhere(
    archived: Monitor, browser: "Browser"
) -> None:
    with watched(browser, viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        page.goto(f"{archived.url}/datasets/{DATASET}/")
        page.get_by_role("link", name="Where its files are").click()
        page.wait_for_url(f"**/runs/{RUN}/data/")
        page.wait_for_selector('#link-state[data-state="live"]')
        rows = cells(page, "#files tbody tr")
        assert [(row[0][-10:-4], *row[3:]) for row in rows] == [
            ("000001", "removed", "verified", "verified", NONE),
            ("000002", "verified", "verified", "verified", NONE),
            ("000003", "verified", "verified", "failed", "JLAB: disk <b>full</b>"),
            ("000004", "verified", NONE, NONE, "checksum differs"),
        ]
        sites = cells(page, "#sites tbody tr")
        assert [(row[0], row[1], row[6], row[9]) for row in sites] == [
            ("E0-BUFFER", "3", NONE, NONE),
            ("BNL", "3", "0", "equal"),
            ("JLAB", "2", "1", "behind"),
        ]
        assert "3 of the 5 files that the DAQ has counted" in page.locator("#problems").inner_text()
        alarms = page.locator("#alarms").inner_text()
        assert "site:JLAB" in alarms
        assert "Look at:" in alarms
        assert "quality:drich" not in alarms
        buffer = page.locator("#buffer").inner_text()
        assert "85.0" in buffer
        assert "5 min 00 s" in buffer
        page.wait_for_selector('[data-table="occupancy"][data-points="2"] canvas')
        page.get_by_role("link", name="not everywhere").click()
        page.wait_for_function("() => document.querySelectorAll('#files tbody tr').length === 2")
        # The site is back: the file leaves the page by itself.
        page.wait_for_selector('#link-state[data-state="live"]')
        archived.post("stf-files", [file(3, ("verified", "verified", "verified"))])
        tell_buffer(archived, 50_000_000_000, "low", None)
        page.wait_for_function("() => document.querySelectorAll('#files tbody tr').length === 1")
        page.wait_for_selector('[data-table="occupancy"][data-points="3"] canvas')
        assert "it does not fill" in page.locator("#buffer").inner_text()
        assert seen.problems == []


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        (f"/runs/{RUN}/data/?show=some", 400, "show"),
        (f"/runs/{RUN}/data/?page=0", 400, "page"),
        (f"/runs/{RUN}/data/?page=7", 200, "No STF file has been registered"),
        ("/runs/4000000/data/", 404, "there is no run 4000000"),
        (f"/alarms/?run_number={RUN}", 200, "site:JLAB"),
        (f"/copies/?run_number={RUN}&site=JLAB", 200, f"swf.{RUN}.000003.stf"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(
    archived: Monitor, address: str, status: int, said: str
) -> None:
    told = archived.client.get(address)
    assert told.status_code == status
    assert said in told.text
