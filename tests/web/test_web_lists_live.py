"""Lists that move while they are looked at, and what others may have written into them."""

import re
from typing import TYPE_CHECKING
from uuid import uuid4

from listed_rows import LIST_RUN, NAMESPACE, add_logs, total
from live_monitor import Monitor
from watched_page import watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_lines_of_a_log_appear_without_a_reload_but_not_each_by_itself(
    listed: Monitor, browser: "Browser"
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{listed.url}/logs/?namespace=followed")
        page.wait_for_selector('#link-state[data-state="live"]')
        assert "There are no" in page.locator("#rows").inner_text() or total(page) == 0
        for number in range(40):
            add_logs(listed, f"line {number}", namespace="followed")
        page.locator("#total").filter(has_text=re.compile("^40$")).wait_for()
        assert "line 39" in page.locator("#rows tbody tr").first.inner_text()
        assert page.locator(".facet", has_text="INFO").inner_text().split() == ["INFO", "40"]
        assert len([url for url in seen.requests if "part=live" in url]) < 40
        assert seen.problems == []


def test_a_list_keeps_what_its_reader_did_to_it(listed: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 380, "height": 900}) as seen:
        page = seen.page
        page.goto(f"{listed.url}/messages/?namespace={NAMESPACE}")
        page.wait_for_selector('#link-state[data-state="live"]')
        page.evaluate("document.querySelector('#rows .scroll').scrollLeft = 100")
        before = total(page)
        listed.say("stf_ready", LIST_RUN)
        listed.post(
            "workflow-messages",
            {
                "message_id": str(uuid4()),
                "message_type": "stf_ready",
                "sender_agent": "lister-agent-t-1",
                "namespace": NAMESPACE,
                "message_content": {},
            },
        )
        page.locator("#total").filter(has_text=re.compile(f"^{before + 1}$")).wait_for()
        assert page.evaluate("document.querySelector('#rows .scroll').scrollLeft") == 100


ISOLATED = """
() => [...document.querySelectorAll('#rows bdi')]
  .map((one) => [one.textContent, getComputedStyle(one).unicodeBidi])
"""
HOSTILE = "\u202e<script>window.hurt=1</script>\u2067<img src=x onerror='window.hurt=1'>\u0623"


def test_hostile_lines_names_and_messages_are_only_text(listed: Monitor, browser: "Browser") -> None:
    agent = HOSTILE.ljust(200, "x")
    listed.post("systemagents/heartbeat", {"instance_name": agent, "namespace": "hostile"})
    text = HOSTILE + "<b>" * 6000
    line = add_logs(listed, text, namespace="hostile", instance_name=agent)[0]
    message = {"message_id": str(uuid4()), "message_type": HOSTILE, "sender_agent": agent}
    content = {"text": HOSTILE + "y" * 100_000}
    listed.post("workflow-messages", message | {"namespace": "hostile", "message_content": content})
    with watched(browser, viewport={"width": 380, "height": 900}) as seen:
        page = seen.page
        for name in ("agents", "logs", "messages"):
            page.goto(f"{listed.url}/{name}/?namespace=hostile")
            assert total(page) >= 1  # the monitor itself says something about a new agent
            # At once, as rows are exchanged while the list is live.
            shown = dict(page.evaluate(ISOLATED))
            hostile = [text for text in shown if text.startswith(HOSTILE)]
            assert hostile
            assert all(len(text) <= 200 and shown[text] == "isolate" for text in hostile)
            assert page.evaluate("document.documentElement.scrollWidth") <= 380
        page.goto(f"{listed.url}/agents/?namespace=hostile")
        page.locator("#rows tbody th a").click()
        page.locator("h1", has_text=HOSTILE).wait_for()
        page.goto(f"{listed.url}/logs/?namespace=hostile")
        page.locator("#rows td.wide a").click()
        page.wait_for_url(f"**/logs/{line}/")
        assert page.locator("pre", has_text=HOSTILE).first.inner_text() == text
        page.goto(f"{listed.url}/messages/{message['message_id']}/")
        assert "y" * 100_000 in page.locator("main").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        assert page.evaluate("window.hurt") is None
        assert seen.problems == []
