"""How a run is sampled, seen and changed in a browser, with the fast monitoring agent as a process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_monitor import Monitor
from watched_page import cells, watched

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.model.clock import iso, now
from swf_testbed.monitor_client import MonitorClient

if TYPE_CHECKING:
    from playwright.sync_api import Browser

RUN, NAMESPACE = 100_740, "sampled-pages"
TESTBED = f'[testbed]\nnamespace = "{NAMESPACE}"\n'


def figures(stream: str, sampled: int) -> dict[str, object]:
    name = {"stf_filename": f"swf.{RUN}.{stream}.000001.stf", "run_number": RUN, "stream": stream}
    counts = {"frames": 1000, "evaluated": 1000, "sampled": sampled, "requests": 6, "source": "E1-BNL"}
    return name | counts | {"since": iso(now()), "bytes_read": 500_000, "stf_bytes": 10_000_000}


@pytest.fixture(scope="module")
def sampled(
    operated: Monitor, broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Monitor]:
    """A run with figures of two streams, in a namespace with an owner, and its agent."""
    home = tmp_path_factory.mktemp("agent")
    operated.add_run(RUN, namespace=NAMESPACE)
    operated.post("stf-figures", [figures("physics", 50), figures("luminosity", 10)])
    with _agent(operated, broker, home):
        operated.post("namespaces", {"name": NAMESPACE, "owner": "owner", "members": ["member", "root"]})
        yield operated


def _agent(operated: Monitor, broker: RunningBroker, home: Path) -> "_Agent":
    configured = home / "testbed.toml"
    configured.write_text(TESTBED)
    said = {
        "SWF_HOME": str(home),
        "SWF_MODE": "embedded",
        "SWF_MONITOR_HTTP_URL": operated.url,
        "SWF_API_TOKEN": operated.client.headers["Authorization"].removeprefix("Token "),
        "ACTIVEMQ_PORT": str(broker.port),
        "SWF_TESTBED_CONFIG": str(configured),
    }
    return _Agent(operated.url, os.environ | said)


class _Agent:
    """The agent, ready while the block runs."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self._url, self._environment = url, environment

    def __enter__(self) -> None:
        command = [sys.executable, "-m", "swf_fastmon_agent.main"]
        with MonitorClient(self._url, self._environment["SWF_API_TOKEN"], patience_s=60) as client:
            begin = client.newest_event_id()
            self._process = subprocess.Popen(command, env=self._environment)
            with client.events(begin, namespace=NAMESPACE, msg_types=["agent_state"]) as events:
                next(one for one in events if one.data["operational_state"] in {"READY", "PROCESSING"})

    def __exit__(self, *failed: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


@pytest.mark.timeout(300)
def test_the_owner_changes_the_sampling_and_it_is_recorded(sampled: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 380, "height": 800}) as seen:
        page = seen.log_in(sampled, "member", f"/runs/{RUN}/sampling/")
        assert "60 of 2" in page.locator("#figures").inner_text().replace("\n", " ")
        streams = cells(page, "#streams tbody tr")
        by_name = {row[0]: row for row in streams}
        assert by_name["physics"][4] == "50"
        assert by_name["luminosity"][6].startswith("1.00")
        assert "E1-BNL" in page.locator("#sites").inner_text()
        page.fill("[name=selection_fraction]", "0.2")
        page.fill("[name=policies]", '[fastmon.streams.luminosity]\npolicies = [{kind = "every_n", n = 4}]')
        page.get_by_role("button", name="Change", exact=True).click()
        page.locator("#changes").get_by_text("member").wait_for()
        assert '"selection_fraction": 0.2' in page.locator("#changes").inner_text()
        assert "every_n" in page.locator("#streams tr", has_text="luminosity").inner_text()
        page.get_by_role("button", name="As the run began").click()
        page.wait_for_function("() => document.querySelectorAll('#changes tbody tr').length === 2")
        assert "selection_fraction" not in page.locator("#policy").inner_text()
        assert seen.problems == []
    changes = sampled.client.get(f"/api/runs/{RUN}/sampling/").json()["changes"]
    assert [one["by"] for one in changes] == ["member", "member"]


def test_what_cannot_be_changed_says_why_and_keeps_what_was_typed(
    sampled: Monitor, browser: "Browser"
) -> None:
    with watched(browser) as seen:
        page = seen.log_in(sampled, "owner", f"/runs/{RUN}/sampling/")
        for field, text, told in [
            ("selection_fraction", "much", "must be a number"),
            ("selection_fraction", "7", "selection_fraction"),
            ("policies", "<b>", "is no TOML"),
            ("policies", "colour = 1", "colour"),
        ]:
            page.goto(f"{sampled.url}/runs/{RUN}/sampling/")
            page.fill(f"[name={field}]", text)
            page.get_by_role("button", name="Change", exact=True).click()
            assert told in page.get_by_role("alert").inner_text()
            assert page.locator(f"[name={field}]").input_value() == text
    with watched(browser) as seen:
        page = seen.log_in(sampled, "stranger", f"/runs/{RUN}/sampling/")
        assert page.get_by_text(f"Only the owner of {NAMESPACE}").is_visible()
        assert page.get_by_role("button", name="Change", exact=True).count() == 0
