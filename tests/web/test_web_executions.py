"""The pages of an execution and of a workflow's definition, in a real browser against a real monitor."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest
from live_monitor import Monitor, serving
from watched_page import cells, watched

from swf_testbed.config.parameters import Parameters
from swf_testbed.model.clock import iso, now

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.timeout(300)

EXECUTION = "fast_processing-alice-0001"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HOSTILE = "<script>window.hurt=1</script>"
RUN = 100030
STFS = 1000
"""As many as a run of half an hour has, at an STF every two seconds."""

CODE = '''import simpy


class Workflow:
    """One run."""

    def run(self, env: simpy.Environment):
        yield env.timeout({delay})
'''
SOURCE = {"org": "eic", "repo": "swf-testbed", "path": "workflows/fast.py", "branch": "main"}


def define(monitor: Monitor, version: str, delay: float) -> None:
    definition = {
        "workflow_name": "fast_processing",
        "version": version,
        "definition": CODE.format(delay=delay),
    }
    values = {"delay": delay, "label": "as usual"}
    monitor.post("workflow-definitions", definition | {"parameter_values": values, "source": SOURCE})


def execute(monitor: Monitor) -> None:
    own = {"delay": 3, "label": "as usual"}
    values = Parameters.model_validate(
        {"daq_state_machine": {"stf_count": 7, "stf_interval": 0.5}, "options": own}
    )
    environment = {
        "commit": COMMIT,
        "branch": "main",
        "dirty": False,
        "host": "torre",
        "versions": {"simpy": "4.1"},
    }
    record: dict[str, Any] = {
        "execution_id": EXECUTION,
        "workflow_definition": "fast_processing/2.0",
        "namespace": "alice",
        "parameter_values": values.model_dump(mode="json"),
        "execution_environment": environment,
        "status": "failed",
        "start_time": iso(now()),
        "end_time": iso(now()),
        "executed_by": "alice",
        "error_message": f"no space left {HOSTILE}",
        "stack_trace": f"Traceback (most recent call last):\n  File 'x.py', line 1\nOSError: {HOSTILE}",
    }
    monitor.post("workflow-executions", record)
    line = {"app_name": "workflow", "instance_name": "runner-alice-1", "timestamp": iso(now())}
    monitor.post(
        "logs",
        line
        | {
            "level": 40,
            "levelname": "ERROR",
            "message": f"failed {HOSTILE}",
            "extra_data": {"execution_id": EXECUTION},
        },
    )


def take_run(monitor: Monitor) -> None:
    """A run of a thousand STFs, each of one slice."""
    times = {"start_time": iso(now()), "end_time": iso(now())}
    monitor.post("runs", {"run_number": RUN, "namespace": "alice", "execution": EXECUTION, **times})
    stems = [f"swf.{RUN}.{number:06d}" for number in range(1, STFS + 1)]
    files = [{"stf_filename": f"{stem}.stf", "run": RUN, "egress_at": iso(now())} for stem in stems]
    monitor.post("stf-files", [file | {"tf_count": 1000, "file_size_bytes": 10**7} for file in files])
    samples = [{"tf_filename": f"{stem}_tf_001.tf", "stf_file": f"{stem}.stf"} for stem in stems]
    monitor.post("fastmon-files", samples)
    slices = [{"fastmon_file": sample["tf_filename"], "slice_id": 0} for sample in samples]
    monitor.post("tf-slices", slices)
    done = [one | {"status": "completed", "processed_at": iso(now())} for one in slices]
    parts = [f"slice:{one['fastmon_file']}#0" for one in slices]
    monitor.post("run-results", {"run_number": RUN, "expected_revision": 0, "parts": parts, "slices": done})


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """A monitor with an execution that failed after a thousand STFs."""
    with serving(tmp_path_factory.mktemp("executed")) as monitor:
        define(monitor, "1.0", 2)
        define(monitor, "2.0", 0.5)
        execute(monitor)
        take_run(monitor)
        yield monitor


@pytest.mark.parametrize(
    "address",
    [
        f"/executions/{EXECUTION}/",
        f"/executions/{EXECUTION}/?run={RUN}&page=3",
        "/definitions/fast_processing/2.0/",
        "/definitions/fast_processing/2.0/?against=1.0",
        "/?namespace=alice",
        f"/runs/{RUN}/",
    ],
)
def test_it_is_whole_at_any_width_and_theme(executed: Monitor, browser: "Browser", address: str) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(executed.url + address)
        page.wait_for_selector('#link-state[data-state="live"]')
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in schemes:
            page.emulate_media(color_scheme=theme)
            for width in (1280, 380):
                page.set_viewport_size({"width": width, "height": 900})
                # Drawings follow the width a moment later.
                page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        assert page.evaluate("window.hurt") is None
        assert seen.problems == []


def test_an_execution_tells_what_it_was_and_why_it_failed(executed: Monitor, browser: "Browser") -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{executed.url}/executions/{EXECUTION}/")
        assert page.locator("#failure").inner_text().startswith(f"no space left {HOSTILE}")
        assert HOSTILE in page.locator("#failure pre").inner_text()
        assert cells(page, "#parameters tr.differs") == [
            ["daq_state_machine.stf_interval", "0.5", "2"],
            ["daq_state_machine.stf_count", "7", "null"],
            ["options.delay", "3", "0.5"],
        ]
        first = page.locator("#parameters tbody tr").first
        assert first.get_attribute("class") == "differs"
        commit = page.locator("#facts").get_by_role("link", name=COMMIT[:10])
        assert commit.get_attribute("href") == f"https://github.com/eic/swf-testbed/commit/{COMMIT}"
        source = page.locator("#facts").get_by_role("link", name="workflows/fast.py")
        assert (
            source.get_attribute("href")
            == f"https://github.com/eic/swf-testbed/blob/{COMMIT}/workflows/fast.py"
        )
        assert "torre" in page.locator("#environment").inner_text()
        assert f"failed {HOSTILE}" in page.locator("#errors").inner_text()
        page.locator("#facts").get_by_role("link", name=str(RUN)).click()
        page.wait_for_url(f"**/runs/{RUN}/")
        assert seen.problems == []


def test_a_thousand_stfs_are_drawn_and_each_can_be_asked(executed: Monitor, browser: "Browser") -> None:
    with watched(browser, viewport={"width": 1280, "height": 900}) as seen:
        page = seen.page
        page.goto(f"{executed.url}/executions/{EXECUTION}/")
        page.wait_for_selector(f'#timeline[data-stfs="{STFS}"]')
        inks = page.evaluate(
            """() => {
                const canvas = document.querySelector('#timeline canvas');
                const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                return data.filter((_, at) => at % 4 === 3 && data[at] > 0).length;
            }"""
        )
        assert inks > 2000
        said = page.locator("#timeline .told")
        page.focus("#timeline canvas")
        page.keyboard.press("Home")
        said.filter(has_text=f"swf.{RUN}.000001.stf").wait_for()
        page.keyboard.press("ArrowRight")
        said.filter(has_text=re.compile(rf"swf.{RUN}.000002.stf .*registered .*1 of 1 slices")).wait_for()
        canvas = page.locator("#timeline canvas").bounding_box()
        assert canvas is not None
        page.mouse.move(canvas["x"] + 300, canvas["y"] + 100)
        said.filter(has_text=re.compile(rf"swf.{RUN}.000")).wait_for()
        assert page.locator("#ways tbody tr").count() == 20
        page.get_by_role("link", name="Older").click()
        page.wait_for_url("**page=2#ways")
        assert page.locator("#ways tbody th").first.inner_text() == f"swf.{RUN}.{STFS - 20:06d}.stf"
        assert seen.problems == []


def test_a_definition_is_shown_in_colour_and_beside_another_version(
    executed: Monitor, browser: "Browser"
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{executed.url}/definitions/fast_processing/2.0/")
        assert page.locator("#definition").inner_text().splitlines()[0].endswith("import simpy")
        assert page.locator("#definition .kn").first.inner_text() == "import"
        colour = "element => getComputedStyle(element).color"
        keyword, plain = page.locator("#definition .kn").first, page.locator("#definition")
        assert keyword.evaluate(colour) != plain.evaluate(colour)
        link = page.get_by_role("link", name="workflows/fast.py").get_attribute("href")
        assert link == "https://github.com/eic/swf-testbed/blob/main/workflows/fast.py"
        assert EXECUTION in page.locator("#executions-of-it").inner_text()
        page.get_by_role("link", name="compare").click()
        page.wait_for_url("**against=1.0#beside")
        gone, fresh = (page.locator(f"#beside td.{kind}").all_inner_texts() for kind in ("gone", "fresh"))
        assert [line.strip() for line in gone] == ["yield env.timeout(2)", '"delay": 2,']
        assert [line.strip() for line in fresh] == ["yield env.timeout(0.5)", '"delay": 0.5,']
        assert seen.problems == []
    assert executed.client.get("/definitions/fast_processing/2.0/?against=9").status_code == 404
    assert executed.client.get("/definitions/nothing/").status_code == 404
