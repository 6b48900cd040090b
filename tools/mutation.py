"""How many small faults in the code the tests notice: a sample of mutants a package, and the score of each.

    python tools/mutation.py [--sample 100] [--seed 1] [--package NAME ...]

Needs mutmut (`pip install mutmut`), which makes the mutants and runs the tests that reach each; what it
mutates and which tests it runs stands in pyproject.toml. All mutants are some thousands: a seeded sample of
each package is run, and the survivors are printed, to be looked at with `mutmut show NAME`. Survivors whose
change nobody could observe (texts of errors among them) count as survivors. The first run, and one after a
source has changed, also makes the mutants, which takes some minutes.
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "swf_testbed"
MUTANTS = ROOT / "mutants" / "src" / "swf_testbed"
PACKAGES = ("model", "messages", "stf", "fastmon", "bus", "runtime")
LEAST = 0.70
_UNTESTED = 33
"""The exit code that mutmut notes for a mutant that no test reaches."""


def results(package: str) -> dict[str, int | None]:
    """Every mutant of a package, and how the tests ended with it; None if they have not run."""
    return {name: code for file in (MUTANTS / package).rglob("*.meta") for name, code in _codes(file)}


def _codes(file: Path) -> Iterator[tuple[str, int | None]]:
    yield from json.loads(file.read_text("utf-8"))["exit_code_by_key"].items()


def stale() -> bool:
    """Whether a source is newer than its mutants, or has none: their numbers are no longer those noted."""
    sources = (file for package in PACKAGES for file in (SOURCES / package).rglob("*.py"))
    made = ((file, MUTANTS / file.relative_to(SOURCES)) for file in sources)
    return any(not there.exists() or there.stat().st_mtime < file.stat().st_mtime for file, there in made)


def mutmut(*names: str) -> None:
    """Make what is not made, and run these."""
    subprocess.run([sys.executable, "-m", "mutmut", "run", *names], cwd=ROOT, check=False)


def report(package: str, sample: list[str]) -> bool:
    """Print the score of a package; whether it is enough."""
    codes = results(package)
    if not_run := [name for name in sample if codes[name] is None]:
        print(f"{package:10} no score: {len(not_run)} of a sample of {len(sample)} were not run")
        return False
    survivors = [name for name in sample if codes[name] in {0, _UNTESTED}]
    score = 1 - len(survivors) / len(sample)
    print(
        f"{package:10} {score:6.1%} noticed of a sample of {len(sample)} of {len(codes)} (asked: {LEAST:.0%})"
    )
    for name in survivors:
        print(f"    {'reached by no test' if codes[name] == _UNTESTED else 'survived'}: {name}")
    return score >= LEAST


def main() -> int:
    """Sample, run, tell; 1 if a package is below what is asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=100, help="mutants a package (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--package", nargs="+", choices=PACKAGES, default=PACKAGES)
    said = parser.parse_args()
    if stale():
        mutmut("swf_testbed.model.clock.*")
    chance = random.Random(said.seed)  # noqa: S311
    samples = {}
    for package in said.package:
        names = sorted(results(package))
        samples[package] = chance.sample(names, min(said.sample, len(names)))
    mutmut(*(name for names in samples.values() for name in names))
    enough = [report(package, names) for package, names in samples.items()]
    return 0 if all(enough) else 1


if __name__ == "__main__":
    sys.exit(main())
