"""All benchmarks, one after the other, and a page of what they found.

    python benchmarks/run_all.py [--quick] [--only NAME ...] [--into FOLDER] [--list]

Writes `figures.json`, every figure with its ratio to a limit or to a peer that was measured in the same run,
and `figures.html`, the same as a table and a plot; both grow with each benchmark that is done, so that what
was measured stays if the rest is not. `--quick` measures less: to see that everything runs, not how fast. All
of it takes hours, the soak 45 minutes and the faults longer. Nothing else should be at work on the machine.
The exit status is 1 if a benchmark failed or a figure misses what is asked of it.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from figures import VARIABLE, Figure
from figures_page import page

HERE = Path(__file__).resolve().parent
TIMEOUT_S = 3 * 3600

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "stf": ("--frames", "200"),
    "skim": ("--scale", "0.02"),
    "fill": ("--scale", "0.1", "--repeat", "2"),
    "pool": ("--slices", "60", "--workers", "1,2", "--small", "0.01"),
    "load_step": ("--before", "15", "--step", "40", "--after", "30", "--hold", "5"),
    "broker": ("--messages", "2000"),
    "rest": ("--seconds", "0.2"),
    "pages": ("--scale", "0.01", "--rounds", "1"),
    "stream": ("rate", "--clients", "50", "--messages", "100"),
    "follow": ("--events", "2000"),
    "runs": ("--stfs", "50"),
    "latency": ("--stfs", "6"),
    "registering": ("--files", "20", "--rounds", "1"),
    "blind_trial": ("--runs", "2"),
    "faults": ("--trials", "2"),
    "soak": ("--minutes", "1", "--warm-up-minutes", "0.5", "--run-minutes", "0.5"),
    "assistants": ("--calls", "1000", "--sessions", "25"),
}
"""Every benchmark by name, in order, with what makes it quick."""


@dataclass
class Outcome:
    """How a benchmark went."""

    name: str
    status: int
    seconds: float
    figures: list[Figure] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether it ended well, with every figure as asked."""
        return self.status == 0 and all(figure.within is not False for figure in self.figures)


def run(name: str, arguments: tuple[str, ...], into: Path) -> Outcome:
    """One benchmark, its words shown as they come."""
    print(f"\n== {name} {' '.join(arguments)}", flush=True)
    told = into / f".{name}.jsonl"
    told.unlink(missing_ok=True)
    begin = time.monotonic()
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    try:
        status = subprocess.run(
            command, env={**os.environ, VARIABLE: str(told)}, timeout=TIMEOUT_S, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"{name}: not done after {TIMEOUT_S} s", file=sys.stderr)
        status = -1
    lines = told.read_text("utf-8").splitlines() if told.exists() else []
    told.unlink(missing_ok=True)
    figures = [_figure(json.loads(line)) for line in lines]
    return Outcome(name, status, time.monotonic() - begin, figures)


def _figure(said: dict[str, Any]) -> Figure:
    said.pop("within")
    return Figure(**said)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def main() -> int:
    """Run, write, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="measure less")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help="as `--list` has them")
    parser.add_argument("--into", type=Path, default=Path("var/benchmarks"), help="%(default)s")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    said = parser.parse_args()
    if said.list:
        print("\n".join(BENCHMARKS))
        return 0
    said.into.mkdir(parents=True, exist_ok=True)
    where = machine()
    outcomes: list[Outcome] = []
    for name, quick in BENCHMARKS.items():
        if not said.only or name in said.only:
            outcomes.append(run(name, quick if said.quick else (), said.into))
            write(
                {"machine": where, "quick": said.quick, "benchmarks": list(map(_document, outcomes))},
                said.into,
            )
    bad = [one.name for one in outcomes if not one.good]
    print(f"\n{said.into / 'figures.html'}: {sum(len(one.figures) for one in outcomes)} figures")
    if bad:
        print(f"failed, or not what is asked: {', '.join(bad)}", file=sys.stderr)
    return 1 if bad else 0


def write(document: dict[str, Any], into: Path) -> None:
    """The figures for programs and for people."""
    (into / "figures.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    (into / "figures.html").write_text(page(document), "utf-8")


def _document(outcome: Outcome) -> dict[str, Any]:
    figures = [{**asdict(one), "ratio": one.ratio, "within": one.within} for one in outcome.figures]
    return {**asdict(outcome), "figures": figures, "good": outcome.good}


if __name__ == "__main__":
    sys.exit(main())
