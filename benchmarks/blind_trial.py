"""Blind trial of the judgement: seeded runs, half of them with faults, and a judge who sees only their files.

    python benchmarks/blind_trial.py [--seed 1] [--runs 40] [--stfs 20] [--clean-minutes 0]

Printed: what was found, missed and wrongly flagged, and how long it took, kind by kind. `--clean-minutes`
adds runs without faults, to count false flags in so much data. The runs of `--seed` and the reference's have
no random number in common.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.anomalies import missing_stf, parse_anomalies
from swf_testbed.daq.generated import GeneratedFiles
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.fastmon.codec import decode, encode
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.fill import products_of_frames, products_of_index
from swf_testbed.fastmon.flags import Flag
from swf_testbed.fastmon.judge import RunJudge
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.reference import Profile, Reference, ReferenceKey, make_reference
from swf_testbed.fastmon.registry import RUN
from swf_testbed.fastmon.sampling import choose, sampling_config
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.detectors import TF_NS, Detector, detectors
from swf_testbed.model.faults import Fault, Symptom
from swf_testbed.model.names import StfName
from swf_testbed.model.states import daq_state
from swf_testbed.model.status import Quality
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import default_names, skim_open

WITHIN_S = 20.0
LEAST_FOUND = 0.95
FALSE_PER_100_MINUTES = 1.0

TF_PER_STF = 1000
STF_S = TF_PER_STF * TF_NS * 1e-9
T0 = datetime(2026, 1, 1, tzinfo=UTC)
PHYSICS = daq_state("run", "physics")
FIRST_RUN, REFERENCE_RUN = 200_000, 900_000
REFERENCE_SEED = 2**40
"""Seeds of the trial are far below."""

Table = dict[str, Any]
Seen = tuple[StfSeen, list[ProductSet]]
"""What the judge is given of an STF: its place, the products of its index, and those of its samples."""


# --- What is injected: the sizes that 13 s of data at the laptop's scale can show


def dead_units(rng: np.random.Generator, where: Detector) -> Table:
    """One to three units."""
    number = int(rng.integers(1, 4))
    return {"units": sorted(rng.choice(where.units, number, replace=False).tolist())}


def hot_channels(rng: np.random.Generator, where: Detector) -> Table:
    """One to four channels at 0.3 to 3 MHz: 40 to 400 hits in the sample of an STF."""
    number = int(rng.integers(1, 5))
    channels = sorted(rng.choice(where.channels, number, replace=False).tolist())
    return {"channels": channels, "rate_hz": float(10 ** rng.uniform(5.5, 6.5))}


def gain(rng: np.random.Generator, where: Detector) -> Table:
    """A step of 20 to 60 %; or a drift of 40 to 80 % over the rest of the run."""
    del where
    drift = bool(rng.random() < 0.3)
    size = rng.uniform(0.4, 0.8) if drift else rng.uniform(0.2, 0.6)
    return {"factor": float(1 + size if rng.random() < 0.5 else 1 / (1 + size)), "drift": drift}


def time_offset(rng: np.random.Generator, where: Detector) -> Table:
    """0.5 to 4 ns, early or late."""
    del where
    return {"offset_ns": float(rng.choice((-1, 1)) * rng.uniform(0.5, 4.0))}


def bunch_shift(rng: np.random.Generator, where: Detector) -> Table:
    """20 to 600 crossings, early or late."""
    del where
    return {"crossings": int(rng.choice((-1, 1)) * rng.integers(20, 600))}


def noise(rng: np.random.Generator, where: Detector) -> Table:
    """2 to 5 times the noise."""
    del where
    return {"factor": float(rng.uniform(2.0, 5.0))}


def banks(rng: np.random.Generator, where: Detector) -> Table:
    """In 5 to 100 % of the frames."""
    del where
    return {"fraction": float(rng.uniform(0.05, 1.0))}


DETECTABLE = {
    Fault.DEAD_UNITS: dead_units,
    Fault.HOT_CHANNELS: hot_channels,
    Fault.GAIN: gain,
    Fault.TIME_OFFSET: time_offset,
    Fault.BUNCH_SHIFT: bunch_shift,
    Fault.NOISE: noise,
    Fault.MISSING_BANK: banks,
    Fault.CORRUPTED_BANK: banks,
}
"""How large a fault of each kind is drawn; a missing STF has no size."""

FIRST_START, LAST_START = 0.1, 0.45
"""Faults start somewhere in this part of the run, and last to its end."""


@dataclass(frozen=True)
class Injected:
    """A fault that was injected."""

    subsystem: str
    kind: Fault
    start_s: float
    table: Table


def draw(rng: np.random.Generator, stfs: int) -> list[Injected]:
    """One to three faults of random kinds, each in another subsystem."""
    number = int(rng.integers(1, 4))
    kinds = rng.choice([kind.value for kind in Fault], number)
    homes = rng.choice(len(detectors()), number, replace=False)
    found = []
    for word, home in zip(kinds.tolist(), homes.tolist(), strict=True):
        kind, where = Fault(word), detectors()[home]
        start = float(rng.uniform(FIRST_START, LAST_START)) * stfs * STF_S
        if kind is Fault.MISSING_STF:
            sequence = int(rng.integers(2, stfs - 1))
            table: Table = {"kind": kind.value, "sequences": [sequence]}
            found.append(Injected(RUN, kind, (sequence - 1) * STF_S, table))
            continue
        table = {"kind": kind.value, "detector": where.name, "start_s": start, **DETECTABLE[kind](rng, where)}
        if table.get("drift"):
            table["end_s"] = stfs * STF_S
        found.append(Injected(where.name, kind, start, table))
    return found


# --- The files, and the judge who sees nothing else


def write_run(folder: Path, run: int, seed: int, stfs: int, faults: list[Injected]) -> Iterator[Path]:
    """The STF files of a run one by one, as the simulated DAQ writes them."""
    anomalies = parse_anomalies([fault.table for fault in faults])
    files = GeneratedFiles(run, Simulation(seed=seed), anomalies)
    for sequence in range(1, stfs + 1):
        start_s = (sequence - 1) * STF_S
        if missing_stf(anomalies, sequence, (sequence - 1) * TF_PER_STF, start_s):
            continue
        t0_ns = int((T0 + timedelta(seconds=start_s)).timestamp() * 1e9)
        name = StfName(run, sequence)
        path = folder / str(name)
        files.write(path, StfSlot(name, PHYSICS, t0_ns, start_s))
        yield path


def look(path: Path) -> Seen:
    """What the judge sees of an STF file: the index, and frames as the fastmon agent samples them."""
    with StfReader.open(path) as reader, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        header = reader.header
        start = datetime.fromtimestamp(header.t0_ns * 1e-9, UTC)
        stf = StfSeen(header.sequence, start, start + timedelta(seconds=STF_S), header.stream)
        parts = [products_of_index(reader)]
        tf = reader.tf_numbers().astype(np.int64)
        sample = choose(sampling_config(Parameters()), StfFrames(header.run, header.first_tf, len(tf), tf))
        for file in skim_open(reader, sample.blocks, folder, default_names(path)):
            with StfReader.open(file.path) as sampled:
                parts.append(products_of_frames(sampled, sampled.tf_numbers().tolist())[0])
    return stf, parts


def written_and_seen(folder: Path, run: int, seed: int, stfs: int, faults: list[Injected]) -> Iterator[Seen]:
    """What is seen of each STF of a run, as its files are written; no file stays."""
    for path in write_run(folder, run, seed, stfs, faults):
        yield look(path)
        path.unlink()


def seen_of(
    folder: Path, run: int, seed: int, stfs: int, faults: list[Injected], kept: Path | None
) -> Iterable[Seen]:
    """The same, from where it was kept when the run was written in an earlier trial."""
    if kept is None:
        return written_and_seen(folder, run, seed, stfs, faults)
    name = f"{run}-{seed}-{stfs}.json"
    if not (kept / name).exists():
        kept.mkdir(parents=True, exist_ok=True)
        said = [
            [stf.sequence, stf.start.timestamp(), stf.stream, [encode(part) for part in parts]]
            for stf, parts in written_and_seen(folder, run, seed, stfs, faults)
        ]
        (folder / name).write_text(json.dumps(said))
        shutil.move(folder / name, kept / name)
    return map(_read_back, json.loads((kept / name).read_text()))


def _read_back(said: Any) -> Seen:
    sequence, begin, stream, parts = said
    start = datetime.fromtimestamp(begin, UTC)
    stf = StfSeen(sequence, start, start + timedelta(seconds=STF_S), stream)
    return stf, [decode(part) for part in parts]


@dataclass
class Judged:
    """One run, judged: every flag that was raised, and the profile of its data."""

    flags: list[Flag] = field(default_factory=list)
    profile: Profile = field(default_factory=Profile)
    stfs: int = 0


def judge_run(seen: Iterable[Seen], reference: Reference | None) -> Judged:
    """Have a run judged STF by STF, as it comes."""
    judge, done = RunJudge(reference=reference), Judged()
    for stf, parts in seen:
        for part in parts:
            judge.add(stf, part)
        done.flags += judge.judge()
        done.stfs += 1
    done.flags += judge.finish()
    done.profile = judge.profile
    return done


def reference_of(folder: Path, runs: int, stfs: int, kept: Path | None = None) -> Reference:
    """Made of runs without faults, with random numbers of their own."""
    profiles = {
        REFERENCE_RUN + number: judge_run(
            seen_of(folder, REFERENCE_RUN + number, REFERENCE_SEED + number, stfs, [], kept), None
        ).profile
        for number in range(runs)
    }
    return make_reference(ReferenceKey("laptop", "18x275", "run/physics"), 1, profiles, T0, "blind trial")


# --- What came of it


@dataclass
class Score:
    """Found and missed faults, and wrong flags."""

    found: dict[Fault, list[float]] = field(default_factory=lambda: defaultdict(list))
    missed: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    symptoms: int = 0
    medium: int = 0
    minutes: float = 0.0

    def add(self, run: int, faults: list[Injected], judged: Judged) -> None:
        """Count one run."""
        self.minutes += judged.stfs * STF_S / 60
        bad = [flag for flag in judged.flags if flag.quality is Quality.BAD and flag.until is None]
        for fault in faults:
            self._fault(run, fault, bad)
        named = {(fault.subsystem, fault.kind.value) for fault in faults}
        struck = {fault.subsystem for fault in faults}
        for flag in bad:
            if (flag.subsystem, flag.kind) in named:
                continue
            if flag.subsystem in struck and flag.kind in set(Symptom):
                self.symptoms += 1
            else:
                self.wrong.append(f"run {run}: {_told(flag)}")
                progress(f"wrong: {self.wrong[-1]}")
        self.medium += sum(
            flag.quality is Quality.MEDIUM and flag.until is None and flag.subsystem not in struck
            for flag in judged.flags
        )

    def _fault(self, run: int, fault: Injected, bad: list[Flag]) -> None:
        said = f"run {run}: {fault.table} from {fault.start_s:.1f} s"
        after = [
            (flag.told_at - T0).total_seconds() - fault.start_s
            for flag in bad
            if (flag.subsystem, flag.kind) == (fault.subsystem, fault.kind.value)
        ]
        in_time = [delay for delay in after if 0 <= delay <= WITHIN_S]
        if in_time:
            self.found[fault.kind].append(min(in_time))
        else:
            (self.late if after else self.missed).append(said)
            progress(f"not found in time: {said}")

    def report(self) -> bool:
        """Print it; whether the trial is passed."""
        print(f"{'kind':16} {'found':>6} {'median s':>9} {'longest s':>10}")
        for kind in Fault:
            delays = self.found.get(kind, [])
            times = f"{median(delays):9.1f} {max(delays):10.1f}" if delays else ""
            print(f"{kind.value:16} {len(delays):6} {times}")
        for title, entries in (
            ("missed", self.missed),
            ("too late", self.late),
            ("wrongly flagged", self.wrong),
        ):
            print(f"{title}: {len(entries)}")
            for entry in entries:
                print(f"  {entry}")
        found = sum(map(len, self.found.values()))
        injected = found + len(self.missed) + len(self.late)
        rate = 100 * len(self.wrong) / self.minutes if self.minutes else 0.0
        print(
            f"symptoms flagged bad where a fault was: {self.symptoms}; medium where none was: {self.medium}"
        )
        if injected:
            print(f"found {found} of {injected} ({found / injected:.1%}; at least {LEAST_FOUND:.0%} wanted)")
        print(
            f"false bad flags {len(self.wrong)} in {self.minutes:.1f} run-minutes: {rate:.2f} in 100 "
            f"(at most {FALSE_PER_100_MINUTES:.0f} wanted)"
        )
        return (not injected or found >= LEAST_FOUND * injected) and rate <= FALSE_PER_100_MINUTES


def _told(flag: Flag) -> str:
    part = f" {flag.part}" if flag.part else ""
    at = (flag.told_at - T0).total_seconds()
    return (
        f"{flag.subsystem}{part} {flag.kind} ({flag.significance:.1f} sigma in {flag.window_s:.1f} s, "
        f"at {at:.1f} s): {flag.reason}"
    )


def main() -> int:
    """Print what came of it; 1 if the bar was missed."""
    said = arguments()
    folder = Path(tempfile.mkdtemp(prefix="blind-trial-", dir=said.directory))
    try:
        return trial(said, folder)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kept_reference(folder: Path, said: argparse.Namespace) -> Reference:
    """From the file where it is kept, or made."""
    kept = Path(said.reference) if said.reference else None
    if kept and kept.exists():
        return Reference.of_document(json.loads(kept.read_text()))
    progress(f"reference of {said.reference_runs} runs of {said.stfs} STFs")
    made = reference_of(folder, said.reference_runs, said.stfs, said.keep)
    if kept:
        kept.write_text(json.dumps(made.document()))
    return made


def trial(said: argparse.Namespace, folder: Path) -> int:
    """The trial in a folder."""
    reference = kept_reference(folder, said)
    score = Score()
    for number in range(said.runs):
        rng = np.random.default_rng((said.seed, number))
        faults = draw(rng, said.stfs) if number % 2 else []
        run, seed = FIRST_RUN + number, said.seed * 100_000 + number
        seen = seen_of(folder, run, seed, said.stfs, faults, said.keep)
        score.add(run, faults, judge_run(seen, reference))
        progress(f"run {number + 1} of {said.runs}")
    clean = round(said.clean_minutes * 60 / STF_S / said.stfs)
    for number in range(clean):
        run, seed = FIRST_RUN + said.runs + number, said.seed * 100_000 + 50_000 + number
        seen = seen_of(folder, run, seed, said.stfs, [], said.keep)
        score.add(run, [], judge_run(seen, reference))
        if number % 10 == 9:
            progress(f"clean run {number + 1} of {clean}, {len(score.wrong)} false flags so far")
    print(f"seed {said.seed}: {said.runs} runs of {said.stfs} STFs of {STF_S:.2f} s, and {clean} clean runs")
    passed = score.report()
    print("passed" if passed else "NOT passed")
    return 0 if passed else 1


def progress(text: str) -> None:
    """What is being done, for who waits."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """What was said on the command line."""
    parser = argparse.ArgumentParser(description="Blind trial of the judgement")
    parser.add_argument("--seed", type=int, default=1, help="of the runs and of what is injected")
    parser.add_argument("--runs", type=int, default=40, help="every second one has faults")
    parser.add_argument("--stfs", type=int, default=20, help="STFs of a run")
    parser.add_argument("--reference", help="a file to keep the reference in, for the next trial")
    parser.add_argument("--reference-runs", type=int, default=6, help="runs the reference is made of")
    parser.add_argument("--clean-minutes", type=float, default=0.0, help="further data without faults")
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder for what is seen of each run, to judge it again without writing it; "
        "empty it when what is injected or counted has changed",
    )
    parser.add_argument("--directory", help="where files are for a moment; by default the temporary folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
