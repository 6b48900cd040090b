"""The tutorial on workflows is typed as it stands, the run on real services among it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typed_home import TypedHome

from documented import ROOT, blocks

pytestmark = [pytest.mark.chain, pytest.mark.timeout(240)]

PAGE = ROOT / "docs" / "tutorials" / "your-own-workflow.md"
NOT_TYPED = ("source setup.sh",)


def commands() -> Iterator[str]:
    for block in blocks(PAGE, "console", "sh"):
        lines = block.text.splitlines()
        typed = [line.removeprefix("$ ") for line in lines if block.kind == "sh" or line.startswith("$ ")]
        yield from (line for line in typed if line not in NOT_TYPED)


def test_the_workflow_of_the_tutorial_is_written_and_run(tmp_path: Path) -> None:
    home = TypedHome.at(tmp_path)
    said = {}
    try:
        for command in commands():
            said[command] = home.typed(command)
    finally:
        home.typed("testbed stop")
    summary = dict(line.split("\t") for line in said["testbed run pulses --fast --wait"].splitlines())
    assert summary["status"] == "completed"
    assert summary["stf_count"] == summary["stf_registered"] == "4"
    assert summary["slices.lost"] == summary["slices.failed"] == "0"
