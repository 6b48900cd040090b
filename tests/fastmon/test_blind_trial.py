"""A blind trial in short, of files as the DAQ writes them: `benchmarks/blind_trial.py` is the long form.

All is seeded, so what is found is the same each time. Two runs have faults; in one of them an offset of
almost 4 ns puts most hits of a subsystem into the crossing before: that is not a bunch shift.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_COMMAND = Path(__file__).parents[2] / "benchmarks" / "blind_trial.py"
_SAID = ("--seed", "2", "--runs", "4", "--reference-runs", "2")


@pytest.mark.skipif(
    not os.environ.get("SWF_LONG_TESTS"),
    reason="half a minute of a core, for CI too long: SWF_LONG_TESTS=1 runs it",
)
@pytest.mark.timeout(600)
def test_injected_faults_are_found_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(_COMMAND), *_SAID, "--directory", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrongly flagged: 0\n" in done.stdout
    assert done.stdout.endswith("passed\n")
    assert not list(tmp_path.iterdir())
