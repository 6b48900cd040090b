"""A run is followed in the browser, by real messages through broker and intake."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from daq_on_the_bus import Daq, on_the_bus
from live_monitor import Monitor
from watched_page import PATIENCE_MS, watched

from swf_testbed.bus import StompBus
from swf_testbed.messages import Alarm, EndRun, PauseRun, ResumeRun, RunImminent, StartRun

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXECUTION = "fast_processing-t-0001"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Monitor, StompBus]]:
    with on_the_bus(tmp_path_factory.mktemp("bus")) as running:
        yield running


@pytest.fixture
def daq(served: tuple[Monitor, StompBus]) -> Daq:
    monitor, bus = served
    monitor.post("workflow-definitions", {"workflow_name": "fast_processing", "version": "1.0"})
    execution = {"execution_id": EXECUTION, "workflow_definition": "fast_processing/1.0", "status": "running"}
    monitor.post("workflow-executions", execution | {"namespace": "t"})
    number = monitor.post("state/next-run-number", {})["run_number"]
    return Daq(bus, monitor, number, EXECUTION)


def wait_for(page: "Page", selector: str, text: str) -> None:
    page.locator(selector).filter(has_text=re.compile(text, re.DOTALL)).first.wait_for(timeout=PATIENCE_MS)


def live(page: "Page", address: str) -> "Page":
    page.goto(address)
    page.wait_for_selector('#link-state[data-state="live"]', timeout=PATIENCE_MS)
    return page


@pytest.mark.timeout(400)
def test_a_run_is_followed_from_imminent_to_completed_without_a_reload(daq: Daq, browser: "Browser") -> None:
    monitor, number = daq.monitor, daq.run_number
    with watched(browser) as on_hub, watched(browser) as on_run, watched(browser) as on_execution:
        hub = live(on_hub.page, monitor.url)
        daq.say(RunImminent)
        wait_for(hub, "#active article header", f"Run {number}.*imminent")
        run = live(on_run.page, f"{monitor.url}/runs/{number}/?subsystem=drich")
        wait_for(run, "#head .word", "^imminent$")
        execution = live(on_execution.page, f"{monitor.url}/executions/{EXECUTION}/")
        for page in (hub, run, execution):
            page.evaluate("window.opened = true")
        daq.say(StartRun)
        wait_for(run, "#head .word", "^physics$")
        daq.take_stf(1)
        wait_for(run, "#figures > div:first-child dd", "^1$")
        daq.say(PauseRun)
        wait_for(run, "#head .word", "^standby$")
        wait_for(hub, "#active article header", "standby")
        daq.say(ResumeRun)
        wait_for(run, "#head .word", "^physics$")
        daq.take_stf(2)
        wait_for(execution, "#ways tbody tr", f"swf.{number}.000002.stf.*0 of 2")
        for sequence in (1, 2):
            daq.plot(sequence)
        wait_for(run, "#stages tbody tr", "^plotted.*s4$")
        wait_for(run, "#stfs tbody tr", f"swf.{number}.000002.stf.*2 of 2")
        wait_for(execution, "#ways tbody tr", f"swf.{number}.000002.stf.*2 of 2")
        daq.say(EndRun)
        wait_for(run, "#head .word", "^completed$")
        wait_for(hub, "#recent tbody tr", f"^{number}.*completed")
        bands = run.locator("#phases .band").evaluate_all("all => all.map(one => one.classList[1])")
        assert bands == ["imminent", "physics", "standby", "physics", "ended"]
        assert hub.locator("#recent .picture rect").count() > 0
        for page in (hub, run, execution):
            assert page.evaluate("window.opened") is True
        assert on_hub.problems == on_run.problems == on_execution.problems == []


def test_agents_and_alarms_come_to_the_hub_by_themselves(daq: Daq, browser: "Browser") -> None:
    monitor = daq.monitor
    agent = {"instance_name": "data-agent-t-7", "agent_type": "data", "status": "OK", "namespace": "t"}
    with watched(browser) as seen:
        page = live(seen.page, monitor.url)
        page.evaluate("window.opened = true")
        for state in ("READY", "PROCESSING", "EXITED"):
            monitor.post("systemagents/heartbeat", agent | {"operational_state": state})
            wait_for(page, "#agents header", f"1 {state}")
        said = {"severity": "error", "subject": "disk", "text": "nearly full", "state": "raised"}
        daq.bus.publish(Alarm(namespace="t", sender="doctor-t-1", **said))
        wait_for(page, "#raised li", "error.*disk.*nearly full")
        assert page.evaluate("window.opened") is True
        assert seen.problems == []


def test_the_hub_shows_one_namespace_or_all(daq: Daq, browser: "Browser") -> None:
    monitor = daq.monitor
    monitor.post("namespaces", [{"name": "t"}, {"name": "elsewhere"}])
    daq.say(RunImminent)
    with watched(browser) as seen:
        page = live(seen.page, f"{monitor.url}/?namespace=elsewhere")
        assert str(daq.run_number) not in page.locator("main").inner_text()
        page.locator("#namespaces").get_by_role("link", name="t", exact=True).click()
        page.wait_for_url("**/?namespace=t")
        wait_for(page, "#active article header", f"Run {daq.run_number}")
        assert page.locator('#namespaces [aria-current="true"]').inner_text() == "t"
        assert seen.problems == []
    refused = httpx.get(monitor.url, params={"namespace": "no/name"})
    assert refused.status_code == 400
    assert "namespace" in refused.text
