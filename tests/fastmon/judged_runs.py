"""Runs to be judged, without files: what the index and the sample of each STF would give."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from swf_testbed.config.fastmon import Checks
from swf_testbed.daq.anomalies import parse_anomalies
from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.judge import RunJudge
from swf_testbed.fastmon.products import BankHits, hit_products, volume_products
from swf_testbed.fastmon.reference import Reference, ReferenceKey, make_reference
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.detectors import BC_PER_TF, TF_NS, Detector, beam, detectors

FRAMES = 400
SAMPLED = range(0, FRAMES, 5)
STF_S = FRAMES * TF_NS * 1e-9
T0 = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ReferenceKey("laptop", "18x275", "run/physics")


def stf(sequence: int) -> StfSeen:
    """The STF of that number, one after another without a pause."""
    start = T0 + timedelta(seconds=(sequence - 1) * STF_S)
    return StfSeen(sequence, start, start + timedelta(seconds=STF_S))


def parts(
    seed: int, stfs: int, faults: Sequence[dict[str, Any]] = ()
) -> Iterator[tuple[StfSeen, ProductSet]]:
    """What the indices and samples of a run's STFs give."""
    generator = ContentGenerator(seed, 0.004, beam("18x275"), anomalies=parse_anomalies(faults))
    for sequence in range(1, stfs + 1):
        made = generator.generate(100_010, (sequence - 1) * FRAMES, FRAMES)
        tf = made.first_tf + np.arange(FRAMES)
        yield stf(sequence), volume_products(tf, made.counts * 8, made.counts, detectors())
        hits = [_bank_hits(made, slot, one) for slot, one in enumerate(detectors())]
        yield stf(sequence), hit_products(len(SAMPLED), hits)


def _bank_hits(made: Content, slot: int, subsystem: Detector) -> BankHits:
    there = [frame for frame in SAMPLED if made.present[frame, slot]]
    good = [frame for frame in there if not made.corrupt[frame, slot]]
    bc0 = [(made.first_tf + frame) * BC_PER_TF for frame in good]
    banks = [made.bank(frame, slot) for frame in good]
    return BankHits.of(subsystem, banks, bc0, len(there) - len(good), len(SAMPLED) - len(there))


def judged(
    seed: int,
    stfs: int,
    faults: Sequence[dict[str, Any]] = (),
    reference: Reference | None = None,
    configured: Checks | None = None,
) -> RunJudge:
    """A run, judged after each of its parts' STF."""
    judge = RunJudge(configured, reference)
    for seen, products in parts(seed, stfs, faults):
        judge.add(seen, products)
        if products.frames:
            judge.judge()
    return judge


@cache
def reference() -> Reference:
    """Made of two runs, of seeds that no test judges."""
    profiles = {}
    for run in (1, 2):
        judge = judged(1_000_000 + run, 12)
        judge.finish()
        profiles[run] = judge.profile
    return make_reference(KEY, 1, profiles, T0, "alice")
