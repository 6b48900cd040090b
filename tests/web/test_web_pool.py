"""The pool of workers in a browser, live; and what prompt processing counted, beside what was sampled."""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from live_monitor import Monitor
from shift_rows import add_window, count
from watched_page import cells, watched

from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN, NAMESPACE = 100_760, "pooled-pages"
CONTROLLER = "pool-agent-boss-76"


def tell(monitor: Monitor, desired: int, **more: Any) -> None:
    """A heartbeat of the pool's controller."""
    report = {"engine": "slurm", "engine_says": "answers", "desired": desired, "launched": desired}
    report |= {"engine_counts": {"running": 2, "queued": 1}, "broker_counts": {"busy": 1, "idle": 1}}
    report |= {"queued": 7, "in_hand": 1, "service_s": 0.25, "wait_s": 1.75, "latency_target_s": 10.0, **more}
    agent = {"instance_name": CONTROLLER, "agent_type": "pool", "namespace": NAMESPACE, "status": "OK"}
    monitor.post(
        "systemagents/heartbeat", agent | {"operational_state": "READY", "metadata": {"pool": report}}
    )


def worker(number: int, status: str, **metadata: Any) -> dict[str, Any]:
    said = {"worker_id": f"worker-pooled-{number}", "namespace": NAMESPACE, "location": "node7"}
    said |= {"status": status, "panda_job": f"slurm {4710 + number}", "last_heartbeat": iso(now())}
    return said | {"metadata": {"number": number, "busy_s": 12.5, **metadata}}


def drain(monitor: Monitor, number: int, reason: str) -> None:
    content = {"worker_id": f"worker-pooled-{number}", "reason": reason}
    said = {"message_id": str(uuid4()), "message_type": "drain_worker", "sender_agent": CONTROLLER}
    body = {"namespace": NAMESPACE, "sent_at": iso(now()), "message_content": {"content": content}}
    monitor.post("workflow-messages", said | body)


@pytest.fixture(scope="module")
def pooled(operated: Monitor) -> Monitor:
    tell(operated, 3)
    operated.post("workers", [worker(1, "busy"), worker(2, "idle"), worker(3, "ended", reason="walltime")])
    strange = {"instance_name": "pool-agent-strange", "agent_type": "pool", "namespace": NAMESPACE}
    operated.post("systemagents", strange | {"metadata": {"pool": {"engine": ["none"]}}})
    operated.post("workers", worker(4, "ended", busy_s="<b>long</b>", reason=["none"]))
    line = {"app_name": "pool-agent", "instance_name": CONTROLLER, "timestamp": iso(now()), "level": 20}
    operated.post("logs", line | {"levelname": "INFO", "message": "launched: swf-<b>1</b>"})
    return operated


@pytest.mark.timeout(300)
def test_the_pool_is_seen_live(pooled: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 380, "height": 800}) as seen:
        page = seen.page
        page.goto(f"{pooled.url}/pool/?namespace={NAMESPACE}")
        page.wait_for_selector('#link-state[data-state="live"]')
        counts = page.locator("#pools dl").inner_text().split("\n")
        at = {counts[place]: counts[place + 1] for place in range(len(counts) - 1)}
        assert (at["Wanted"], at["To the engine"], at["On the broker"]) == ("3", "3", "2")
        assert at["All the same"] == "no"
        rows = cells(page, "#workers tbody tr")
        assert {(row[0], row[1], row[2], row[3], row[9]) for row in rows[:2]} == {
            ("worker-pooled-1", "1", "busy", "slurm 4711", "\N{EN DASH}"),
            ("worker-pooled-2", "2", "idle", "slurm 4712", "\N{EN DASH}"),
        }
        assert {(row[2], row[9]) for row in rows[2:]} == {("ended", "walltime"), ("ended", "['none']")}
        assert "launched: swf-<b>1</b>" in page.locator("#events").inner_text()
        drain(pooled, 2, "the queue is short")
        page.locator("#events").get_by_text("worker-pooled-2 is to end: the queue is short").wait_for()
        tell(pooled, 2, held_back="5 workers in a row died at once")
        page.locator("#pools .notice").get_by_text("died at once").wait_for()
        assert seen.problems == []


@pytest.mark.timeout(300)
def test_what_was_sampled_is_compared_with_all_frames(pooled: Monitor, browser: "Browser") -> None:
    pooled.add_run(RUN, namespace=NAMESPACE)
    count(pooled, RUN, "drich", "adc", 20_000)
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{pooled.url}/runs/{RUN}/?subsystem=drich")
        page.wait_for_selector('#link-state[data-state="live"]')
        assert page.get_by_role("link", name="beside all frames").count() == 0
        add_window(pooled, RUN, "prompt", 50_000)
        count(pooled, RUN, "drich", "adc", 30_000)
        page.get_by_role("link", name="beside all frames").click()
        page.wait_for_selector('figure[data-subsystem="drich"][data-name="adc"] svg .root_frame')
        labels = page.locator(".series li").all_inner_texts()
        assert labels == [f"run {RUN}", f"all frames of run {RUN}"]
        assert seen.problems == []
