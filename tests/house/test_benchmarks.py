"""Every benchmark is one of all, and figures say whether they are what is asked."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
_QUICK = """
import json, sys
sys.path.insert(0, sys.argv[1])
from run_all import BENCHMARKS
print(json.dumps(BENCHMARKS))
"""
_BROKEN_FIGURE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from figures import Figure, tell
one = Figure("writing", np.float64(3.0), "ms", "plain write", 1.0, "lower", 2.0)
sys.exit(0 if tell(one) else 1)
"""


def test_run_all_knows_every_benchmark() -> None:
    command = [sys.executable, str(FOLDER / "run_all.py"), "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    runnable = {path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert set(listed) == runnable - {"run_all"}


def test_what_makes_a_benchmark_quick_is_an_option_of_it() -> None:
    command = [sys.executable, "-c", _QUICK, str(FOLDER)]
    quick = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    for name, words in quick.items():
        text = (FOLDER / f"{name}.py").read_text("utf-8")
        assert [word for word in words if word.startswith("--") and f'"{word}"' not in text] == [], name


def test_a_figure_that_misses_its_bound_is_told_and_kept(tmp_path: Path) -> None:
    told = tmp_path / "told.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", _BROKEN_FIGURE, str(FOLDER)],
        env={"BENCHMARK_FIGURES": str(told)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "3 ms beside plain write 1 ms: 3 x (asked: at most 2; NOT MET)" in done.stdout
    assert '"within": false' in told.read_text("utf-8")
