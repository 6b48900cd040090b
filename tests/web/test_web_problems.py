"""What a reader sees when something is wrong with the monitor itself: what to do, and nothing else."""

from pathlib import Path
from typing import TYPE_CHECKING

from live_monitor import Monitor, serving
from watched_page import watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECRETS = ("Traceback", "sqlite", "OperationalError", "/src/", "SELECT")


def _spoil(home: Path) -> None:
    """Let the database be no database any more, as on a full or a broken disk."""
    (database,) = [path for path in home.rglob("*.sqlite3") if path.parent.name != "private"]
    for path in database.parent.glob(f"{database.name}*"):
        path.write_bytes(b"nothing" * 4096)


def test_without_a_database_pages_say_what_to_do(tmp_path: Path, browser: "Browser") -> None:
    with serving(tmp_path) as running, watched(browser) as seen:
        running.add_run(100_010)
        _spoil(tmp_path)
        for address in ("/", "/runs/100010/", "/system/", "/logs/", "/alarms/1/"):
            answer = running.client.get(address)
            assert answer.status_code == 503, address
            assert answer.headers["retry-after"] == "10"
            assert "./testbed doctor" in answer.text
            assert not [word for word in SECRETS if word in answer.text]
        seen.page.goto(running.url)
        assert seen.page.locator("h1").inner_text() == "The database does not answer"
        seen.page.get_by_role("link", name="Logs").first.click()
        assert seen.page.locator("h1").inner_text() == "The database does not answer"
        answer = running.client.post("/login/", data={"username": "x"})
        assert answer.status_code == 403


def test_a_form_from_elsewhere_is_refused_with_a_way_back(monitor: Monitor) -> None:
    answer = monitor.client.post("/login/", data={"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert "Load the page again" in answer.text
    assert not [word for word in SECRETS if word in answer.text]


def test_what_is_not_there_leads_to_what_is(monitor: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        seen.page.goto(f"{monitor.url}/nowhere/<b>at all</b>")
        assert "/nowhere/" in seen.page.locator("main").inner_text()
        seen.page.locator("main").get_by_role("link", name="Executions").click()
        assert seen.page.locator("h1").inner_text() == "Workflow executions"
        assert [problem for problem in seen.problems if "404" not in problem] == []


def test_who_is_a_stranger_finds_the_way_in_and_back(operated: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{operated.url}/alarms/?severity=error")
        page.locator("header").get_by_role("link", name="Log in").click()
        page.fill("[name=username]", "member")
        page.fill("[name=password]", "pass of member")
        page.click("main button")
        page.wait_for_url(f"{operated.url}/alarms/?severity=error")
        page.get_by_role("button", name="Log out member").wait_for()
