"""A monitor with a run, and a browser; tests are skipped by name where there is none."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from listed_rows import fill
from live_monitor import Monitor, manage, serving

from swf_testbed.broker.testing import RunningBroker

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """A monitor with one run, 100010."""
    with serving(tmp_path_factory.mktemp("monitor")) as running:
        running.add_run(100010)
        running.add_counts(100010, 20_000)
        agent = {"instance_name": "data-agent-t-1", "agent_type": "data", "status": "OK"}
        running.post("systemagents/heartbeat", agent | {"operational_state": "READY"})
        yield running


@pytest.fixture(scope="session")
def listed(monitor: Monitor) -> Monitor:
    """The same, with what tests of lists look at."""
    fill(monitor)
    return monitor


PEOPLE = """
from django.contrib.auth.models import User
for name in ("owner", "member", "stranger"):
    User.objects.create_user(name, password=f"pass of {name}")
User.objects.create_superuser("boss", password="pass of boss")
"""


@pytest.fixture(scope="session")
def operated(tmp_path_factory: pytest.TempPathFactory, broker: RunningBroker) -> Iterator[Monitor]:
    """A monitor with a broker and people: the namespace torre has an owner and a member; boss is staff."""
    home = tmp_path_factory.mktemp("operated")
    with serving(home, ACTIVEMQ_PORT=str(broker.port)) as running:
        manage(home, "shell", "--no-imports", "-c", PEOPLE)
        running.post("namespaces", {"name": "torre", "owner": "owner", "members": ["member"]})
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Headless Chromium; not kept for longer, as Playwright's event loop goes on in this thread."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()
