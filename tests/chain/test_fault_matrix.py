"""A few trials of the fault matrix: `python benchmarks/faults.py` has them all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.chain, pytest.mark.timeout(600)]

_COMMAND = Path(__file__).parents[2] / "benchmarks" / "faults.py"
_SAID = ("--trials", "4", "--seed", "3", "--step", "7")


def test_a_run_that_is_hurt_comes_out_whole(tmp_path: Path) -> None:
    out = tmp_path / "trials.jsonl"
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, str(_COMMAND), *_SAID, "--out", str(out), "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tried = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [f"{one['target']}:{one['fault']}" for one in tried] == [
        "broker:cut",
        "monitor:kill",
        "intake:restart",
        "runner:slow",
    ]
    for one in tried:
        assert (one["lost"], one["twice"], one["status"], one["stfs"]) == (0, 0, "completed", 20), one
