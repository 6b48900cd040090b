"""Storing what is said of STFs takes as many statements for many as for one, stages included."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("counted_batches.py")
MOST = {"ready": 10, "sampled": 9, "slices": 8, "in hand": 13, "results": 23}


def test_a_batch_has_as_many_statements_for_many_stfs_as_for_one() -> None:
    command = [sys.executable, str(PROGRAM), "1", "1", "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    _, one, many = map(json.loads, done.stdout.splitlines())
    assert many == one
    assert all(many[step] <= most for step, most in MOST.items()), many
    assert done.stderr == "", "nothing was left"
