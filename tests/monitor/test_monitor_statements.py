"""Storing what is said of STFs takes as many statements for many as for one, stages included."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("counted_batches.py")
MOST = {"ready": 10, "sampled": 9, "slices": 8, "in hand": 13, "results": 23}


@pytest.mark.both_databases
def test_a_batch_has_as_many_statements_for_many_stfs_as_for_one(
    new_database: Callable[[], dict[str, str]],
) -> None:
    command = [sys.executable, str(PROGRAM), "1", "1", "40"]
    environment = os.environ | {"SWF_MODE": "embedded"} | new_database()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    _, one, many = map(json.loads, done.stdout.splitlines())
    assert many == one
    assert all(many[step] <= most for step, most in MOST.items()), many
    assert done.stderr == "", "nothing was left"
