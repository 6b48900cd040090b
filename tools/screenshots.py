"""Takes the pictures of the monitor's pages in `docs/images/`, of a real testbed that takes two runs.

The testbed lives in a folder and on ports of its own, and is gone afterwards. Needs Chromium and two minutes.

    python tools/screenshots.py [NAME ...]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from swf_test_servers import own_home
from swf_testbed.config.environment import load_settings
from swf_testbed.model.status import RunMark
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowExecution

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
MOST_BYTES = 200_000
WIDTH, HEIGHT = 1120, 800
FLAGS = ["--no-sandbox", "--disable-gpu"]
PATIENCE_MS = 60_000
SHORT = {
    "daq_state_machine.no_beam_not_ready_delay": 1,
    "daq_state_machine.beam_not_ready_delay": 1.5,
    "daq_state_machine.beam_ready_delay": 1,
    "daq_state_machine.standby_duration": 3,
    "daq_state_machine.beam_not_ready_end_delay": 1,
    "daq_state_machine.stf_interval": 1.0,
    "daq_state_machine.physics_period_count": 2,
}
"""States that are short, so that a picture shows many of them."""


FAULTS = (
    '[{kind = "dead_units", detector = "drich", units = [17, 18], start_s = 1.0},'
    ' {kind = "noise", detector = "btof", factor = 3.0, start_s = 1.0}]'
)
"""Of the run that goes on, for the pictures of the shift."""


class Testbed:
    """Commands of a testbed of its own."""

    def __init__(self, home: Path) -> None:
        own = own_home(home)
        self._environment = {**os.environ, **own}
        self.settings = load_settings(own)

    def do(self, *words: str) -> None:
        """Run `testbed` with some words."""
        command = [sys.executable, "-m", "swf_testbed.cli.main", *words]
        subprocess.run(command, env=self._environment, check=True, stdout=subprocess.DEVNULL)

    def take_for_good(self) -> None:
        """Make a reference of the run that was taken, so that the next is judged."""
        url = self.settings.swf_monitor_http_url
        with MonitorClient(url, self.settings.api_token(), "swf/screenshots") as client:
            (first,) = client.list(Run)
            client.mark_run(first.run_number, RunMark.GOOD, "for the pictures")
            client.make_reference([first.run_number])

    def run(self, stf_count: int, *words: str) -> None:
        """Take a run."""
        said = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
        self.do("run", "fast_processing", "--stf-count", str(stf_count), *said, *words)


@contextmanager
def testbed() -> Iterator[Testbed]:
    """A testbed with a run that is done, and one that goes on."""
    with tempfile.TemporaryDirectory(prefix="swf-pictures-", ignore_cleanup_errors=True) as folder:
        made = Testbed(Path(folder))
        try:
            made.run(16, "--wait")
            made.do("stop-agents")
            made.take_for_good()
            made.run(60, "--set", f"simulation.anomalies={FAULTS}")
            yield made
        finally:
            made.do("stop")


def pages(client: MonitorClient) -> dict[str, tuple[str, str]]:
    """What is shown, by the name of its picture: the address, and what to wait for."""
    first = min(client.list(Run), key=lambda run: run.run_number)
    execution = next(one for one in client.list(WorkflowExecution) if one.execution_id == first.execution)
    return {
        "hub": ("/", "#active .bar rect.completed:not([width='0'])"),
        "run": (f"/runs/{first.run_number}/?subsystem=drich", ".plots svg text"),
        "shift": ("/shift/", "#subsystems .word.bad"),
        "subsystem": ("/shift/drich/?window=30s", ".plots svg text"),
        "execution": (f"/executions/{execution.execution_id}/", "main canvas, main svg"),
        "replay": (f"/replay/{first.run_number}/", "#replay:visible"),
        "system": ("/system/", "#stream-answers .word"),
    }


def shoot(page: "Page", url: str, name: str, address: str, ready: str) -> None:
    """Take one picture; `SystemExit` if it is too large to be kept."""
    page.goto(url + address)
    page.wait_for_selector(ready, timeout=PATIENCE_MS)
    if name == "replay":
        page.locator("#slider").evaluate(
            "(one) => { one.value = one.max * 0.62; one.dispatchEvent(new Event('input')); }"
        )
    # What is drawn is drawn at the next frames, and lists are made anew a few times a second.
    page.wait_for_timeout(1500)
    path = IMAGES / f"monitor-{name}.png"
    page.screenshot(path=path, scale="css")
    size = path.stat().st_size
    print(f"{path.name}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES // 1000} kB: show less")


def main(wanted: list[str]) -> None:
    """Take all pictures, or those that are named."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("Chromium is not installed (on Debian: apt-get install chromium)")
    with testbed() as running, sync_playwright() as playwright:
        url = running.settings.swf_monitor_http_url
        with MonitorClient(url, running.settings.api_token(), "swf/screenshots") as client:
            known = pages(client)
        if unknown := set(wanted) - set(known):
            raise SystemExit(
                f"there is no picture {', '.join(sorted(unknown))}; there are {', '.join(known)}"
            )
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="light",
            timezone_id="UTC",
            locale="en-GB",
        )
        for name, (address, ready) in known.items():
            if not wanted or name in wanted:
                shoot(context.new_page(), url, name, address, ready)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
