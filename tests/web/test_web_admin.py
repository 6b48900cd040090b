"""The admin: for staff, about users, namespaces and tokens."""

from typing import TYPE_CHECKING

from live_monitor import Monitor
from watched_page import watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_staff_gives_a_namespace_away(operated: Monitor, browser: "Browser") -> None:
    operated.post("namespaces", {"name": "given", "owner": "owner"})
    with watched(browser) as seen:
        page = seen.log_in(operated, "boss", "/system/")
        page.get_by_role("link", name="Admin").click()
        page.get_by_role("link", name="Namespaces").first.click()
        page.get_by_role("link", name="given").click()
        page.fill("[name=members]", '{"no": "list"}')
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("must be a list of user names").wait_for()
        page.fill("[name=members]", '["stranger"]')
        page.fill("[name=owner]", "member")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("was changed successfully").wait_for()
        assert seen.problems == []
    found = operated.client.get("/api/namespaces/given/").json()
    assert (found["owner"], found["members"]) == ("member", ["stranger"])


def test_tokens_are_listed_and_revoked_but_never_shown(operated: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.log_in(operated, "boss", "/account/tokens/")
        page.fill("[name=name]", "doomed")
        page.get_by_role("button", name="Make a token").click()
        key = page.locator("#key").inner_text()
        page.goto(f"{operated.url}/admin/store/apitoken/")
        page.get_by_role("link", name="doomed").click()
        assert key not in page.content()
        assert "igest" not in page.locator("#content").inner_text()
        page.get_by_role("link", name="Delete").click()
        page.get_by_role("button", name="Yes").click()
        page.get_by_text("was deleted successfully").wait_for()
        assert seen.problems == []
    with_it = {"Authorization": f"Token {key}"}
    assert operated.client.post("/api/alarms/", json={}, headers=with_it).status_code == 401


def test_the_admin_is_closed_to_others(operated: Monitor, browser: "Browser") -> None:
    assert operated.client.get("/admin/", headers={"Authorization": ""}).status_code == 302
    with watched(browser) as seen:
        seen.log_in(operated, "owner", "/account/tokens/")
        seen.page.goto(f"{operated.url}/admin/")
        assert "/login/" in seen.page.url
