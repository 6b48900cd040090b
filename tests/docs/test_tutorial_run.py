"""The tutorial on workflows is typed as it stands, the run on real services among it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pages import ROOT, blocks

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

PAGE = ROOT / "docs" / "tutorials" / "your-own-workflow.md"
NOT_TYPED = ("source setup.sh",)


def commands() -> Iterator[str]:
    for block in blocks(PAGE, "console", "sh"):
        lines = block.text.splitlines()
        typed = [line.removeprefix("$ ") for line in lines if block.kind == "sh" or line.startswith("$ ")]
        yield from (line for line in typed if line not in NOT_TYPED)


def test_the_workflow_of_the_tutorial_is_written_and_run(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "SWF_HOME": str(tmp_path),
        "SWF_MONITOR_HTTP_URL": f"http://127.0.0.1:{free_port()}",
        "SWF_MONITOR_URL": f"https://127.0.0.1:{free_port()}",
        "ACTIVEMQ_PORT": str(free_port()),
    }

    def typed(command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            check=False,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    said = {}
    try:
        for command in commands():
            said[command] = typed(command)
    finally:
        typed("testbed stop")
    summary = dict(line.split("\t") for line in said["testbed run pulses --fast --wait"].splitlines())
    assert summary["status"] == "completed"
    assert summary["stf_count"] == summary["stf_registered"] == "4"
    assert summary["slices.lost"] == summary["slices.failed"] == "0"
