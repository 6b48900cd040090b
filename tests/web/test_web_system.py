"""The system page, and what is mended there: dead letters, and what nobody ended."""

from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from live_monitor import Monitor, manage
from watched_page import cells, watched

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Bus, Delivery, Subscription, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.model.destinations import slices
from swf_testbed.runtime.dead_letters import bury

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LETTERS = "/system/dead-letters/torre/"


def _bury(bus: Bus, error: str) -> str:
    """A message to the slices of torre that could not be handled; its id."""
    identity = str(uuid4())
    headers = {"msg_type": "slice", "swf-message-id": identity, "namespace": "torre"}
    delivery = Delivery(slices("torre"), headers, b'{"msg_type": "slice", "text": "<b>bold</b>"}')
    bury(bus, delivery, namespace="torre", agent="worker-1", error=ValueError(error))
    return identity


def test_every_service_answers_and_queues_are_told(operated: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(operated.url + "/system/")
        page.locator("#stream-answers").get_by_text("yes").wait_for()
        answers = dict(row[:2] for row in cells(page, "#services tbody tr"))
        # That of the stream was waited for above; it begins anew whenever the page's parts do.
        del answers["stream"]
        assert answers == {"database": "yes", "broker": "yes", "intake": "no"}
        page.wait_for_selector('#link-state[data-state="live"]')
        operated.say("status", 1)
        page.locator("#clients-rows").get_by_text("everything").first.wait_for()
        assert seen.problems == []


def test_dead_letters_are_sent_again_by_those_who_control_the_namespace(
    operated: Monitor, broker: RunningBroker, browser: "Browser"
) -> None:
    with open_bus(load_settings({"ACTIVEMQ_PORT": str(broker.port)})) as bus:
        first, second = _bury(bus, "<script>no</script>"), _bury(bus, "no such file")
        with watched(browser) as seen:
            page = seen.page
            page.goto(operated.url + "/system/")
            page.locator("#letters").get_by_role("link", name="torre").click()
            assert page.get_by_role("button", name="Send").count() == 0
            page.get_by_role("link", name=first[:8]).click()
            assert "ValueError: <script>no</script>" in page.locator("main").inner_text()
            assert "<b>bold</b>" in page.locator("pre").inner_text()
            assert seen.problems == []
        with watched(browser) as seen:
            page = seen.log_in(operated, "stranger", LETTERS)
            page.get_by_role("button", name="Send all").click()
            assert "belongs to owner" in page.locator("main").inner_text()
        with watched(browser) as seen:
            page = seen.log_in(operated, "member", LETTERS)
            page.get_by_label(f"Choose {second}").check()
            page.get_by_role("button", name="Send the chosen again").click()
            page.get_by_role("status").filter(has_text="Sent again: 1").wait_for()
            assert page.get_by_role("link", name=second[:8]).count() == 0
            page.get_by_role("button", name="Send all 1 again").click()
            page.get_by_text("None: everything was handled.").wait_for()
            assert seen.problems == []
        inbox = bus.subscribe(Subscription(slices("torre")))
        sent = inbox.take(limit=2, linger_s=30, timeout_s=60)
        inbox.ack(sent)
    assert {one.headers["swf-message-id"] for one in sent} == {first, second}


AGE = """
from datetime import timedelta
from swf_testbed.monitor.store.models import WorkflowExecution
then = WorkflowExecution.objects.get(execution_id="left-alice-0001").created_at - timedelta(hours=2)
moments = dict.fromkeys(("created_at", "updated_at", "start_time"), then)
WorkflowExecution.objects.filter(execution_id="left-alice-0001").update(**moments)
"""


def test_only_staff_ends_what_nobody_ended(operated: Monitor, browser: "Browser") -> None:
    operated.post("workflow-executions", {"execution_id": "left-alice-0001", "status": "running"})
    with watched(browser) as seen:
        page = seen.log_in(operated, "owner", "/system/repair/")
        assert "only staff" in page.locator("main").inner_text()
    with watched(browser) as seen:
        page = seen.log_in(operated, "boss", "/system/repair/")
        # Others' tests leave things too, minutes old: what is looked for is older than this whole suite.
        page.select_option("[name=older_than]", "1h")
        page.get_by_role("button", name="Look again").click()
        page.get_by_text("Nothing is stuck.").wait_for()
        manage(operated.home, "shell", "--no-imports", "-c", AGE)
        page.get_by_role("button", name="Look again").click()
        stuck = page.get_by_role("row").filter(has_text="left-alice-0001")
        assert "running" in stuck.inner_text()
        page.get_by_role("button", name="End all of this").click()
        page.get_by_role("heading", name="Ended", exact=True).wait_for()
        assert "failed" in stuck.inner_text()
        page.goto(operated.url + "/system/")
        page.get_by_role("link", name="Admin").click()
        page.get_by_role("heading", name="Users, namespaces, tokens").wait_for()
        assert seen.problems == []
    left = operated.client.get("/api/workflow-executions/left-alice-0001/").json()
    assert left["status"] == "failed"


def test_without_a_broker_the_page_still_tells(monitor: Monitor) -> None:
    said = monitor.client.get("/system/").text
    assert "no connection" in said
    answer = monitor.client.get("/system/dead-letters/t/")
    assert answer.status_code == 503
    assert "./testbed status" in answer.text


def test_wrong_addresses_are_told_apart(operated: Monitor) -> None:
    with httpx.Client(base_url=operated.url) as stranger:
        assert stranger.get("/system/dead-letters/no$name/").status_code == 400
        assert stranger.get(LETTERS + str(uuid4()) + "/").status_code == 404
        assert stranger.post(LETTERS, data={"all": "1"}).status_code == 403
        assert stranger.get("/system/repair/").headers["location"].startswith("/login/?next=/system/repair/")
