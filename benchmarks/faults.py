"""Faults: a run is hurt at a random moment, and must come out whole: `python benchmarks/faults.py`.

Each trial takes a run of 20 small STFs, and hurts one part of the testbed: broker, database, monitor, intake,
runner, an agent, a worker, supervisord. It is killed (`kill -9`), stopped for 20 s and continued (`stop`),
started again in good order (`restart`), its connections are cut for 2 s by a proxy (`cut`), or every byte of
them takes 200 ms for 10 s (`slow`). Then it is counted: nothing lost, nothing twice, the run completed; and
how long it took until all was whole. A runner that dies cannot complete its run, as the detector's time has
passed: there the run must be ended by its successor, and what was taken must be whole.

A trial follows from its seed: what, where and when. `--trials 1 --seed 57` is trial 57 again.
`--out FILE` keeps outcomes, a line each; seeds that it has already are not tried again.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.homes import home_of
from bench.injuries import CELLS, FAULTS, TARGETS
from bench.stack import Stack, running
from bench.stacks import STACKS
from bench.trials import Outcome, try_once
from figures import Figure, tell

_HEAD = (
    ("seed", 5), ("target", 15), ("fault", 8), ("at", 10), ("run", 10), ("STFs", 4), ("lost", 4),
    ("twice", 5), ("copies", 6), ("whole after", 11), ("plot after", 10), ("", 0),
)  # fmt: skip


def line_of(cells: Sequence[str]) -> str:
    """One line of the table."""
    return "  ".join(f"{cell:<{width}}" for cell, (_, width) in zip(cells, _HEAD, strict=True)).rstrip()


def row_of(one: Outcome) -> str:
    """A trial as a line."""
    if one.skipped:
        return line_of((str(one.seed), one.target, one.fault, *[""] * 8, f"no trial: {one.skipped}"))
    seconds = [f"{value:.1f} s" if value is not None else "-" for value in (one.recovered_s, one.plot_s)]
    at = f"{one.at_stf}+{one.after_s:.2f} s"
    counts = map(str, (one.stfs, one.lost, one.twice, one.redelivered))
    said = "" if one.good else "NOT GOOD: " + "; ".join(one.problems)
    return line_of((str(one.seed), one.target, one.fault, at, one.status, *counts, *seconds, said))


def known(file: Path | None, stack: str) -> dict[int, Outcome]:
    """Outcomes of a stack that a file has, by seed; the last of each."""
    if file is None or not file.is_file():
        return {}
    found = [Outcome(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    return {one.seed: one for one in found if one.stack == stack}


def keep(file: Path | None, outcome: Outcome) -> None:
    """Add an outcome to a file."""
    if file is not None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(outcome.document()) + "\n")


def try_all(stack: Stack, said: argparse.Namespace) -> Iterator[Outcome]:
    """The trials that are asked for and not known."""
    before = known(said.out, said.stack)
    for seed in range(said.seed, said.seed + said.step * said.trials, said.step):
        if seed in before:
            yield before[seed]
            continue
        outcome = try_once(stack, said.stack, seed, said.only)
        keep(said.out, outcome)
        yield outcome
        if not outcome.good and said.stop:
            return


def cell(text: str) -> tuple[str, str]:
    """`TARGET:FAULT`, understood."""
    target, _, fault = text.partition(":")
    if (target, fault) not in CELLS:
        raise argparse.ArgumentTypeError(
            f"{text}: must be one of {', '.join(TARGETS)}, a colon, and one of {', '.join(FAULTS)}"
        )
    return target, fault


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--trials", type=int, default=len(CELLS), help="how many (%(default)s: each fault of each target)")
    add("--seed", type=int, default=0, help="of the first trial; the next has the next (%(default)s)")
    add("--step", type=int, default=1, help="from one seed to the next, to leave some out (%(default)s)")
    add("--stack", choices=sorted(STACKS), default="embedded", help="what runs (%(default)s)")
    add("--only", type=cell, metavar="TARGET:FAULT", help="this fault alone, at the moments of the seeds")
    add("--out", type=Path, metavar="FILE", help="keep outcomes here, and go on where it ends")
    add("--home", type=Path, metavar="FOLDER", help="where the testbed lives, with its logs; kept afterwards")
    add("--stop", action="store_true", help="end with the first trial that is not good")
    return parser.parse_args()


def main() -> int:
    """Try, and print; the exit code is 0 if all was good."""
    said = options()
    logging.basicConfig(level=logging.ERROR)
    print(line_of([name for name, _ in _HEAD]), flush=True)
    tried: list[Outcome] = []
    with home_of(said.home) as home, STACKS[said.stack](home) as stack, running(stack):
        for outcome in try_all(stack, said):
            print(row_of(outcome), flush=True)
            tried.append(outcome)
    return 0 if conclude(tried) else 1


def conclude(tried: Sequence[Outcome]) -> bool:
    """The figures of all trials; whether they are as they should be."""
    made = [one for one in tried if one.skipped is None]
    whole = [one for one in made if one.good]
    print(f"{len(made)} trials, {len(tried) - len(made)} that make no sense, {len(whole)} good")
    good = tell(
        Figure("trials out of which a run came whole", len(whole), "trials", "of", len(made), "higher", 1),
        Figure("lost", sum(one.lost for one in made), "things", "of trials", max(1, len(made)), "lower", 0),
        Figure("twice", sum(one.twice for one in made), "things", "of trials", max(1, len(made)), "lower", 0),
    )
    return good and bool(made)


if __name__ == "__main__":
    sys.exit(main())
