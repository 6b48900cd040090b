"""From frames of a file to products: what a worker does with a slice, and what an index gives."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from swf_testbed.fastmon.counts import ProductSet
from swf_testbed.fastmon.products import BankHits, hit_products, volume_products
from swf_testbed.model.detectors import Detector, detector, detectors
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import HitBatch, StfReader


def products_of_frames(reader: StfReader, numbers: Sequence[int]) -> tuple[ProductSet, list[str]]:
    """All products of some frames, and what was damaged in them; damaged banks are counted, never used."""
    problems: list[CrcError] = []
    batches = reader.hits_by_detector(numbers, problems.append)
    bad = Counter(problem.detector for problem in problems)
    bc0 = np.array(numbers, np.int64) * reader.header.bc_per_tf
    hits = [
        _bank_hits(subsystem, batches.get(subsystem.id), bc0, bad[subsystem.id])
        for subsystem in known_subsystems(reader)
    ]
    return hit_products(len(numbers), hits), [str(problem) for problem in problems]


def products_of_index(reader: StfReader) -> ProductSet:
    """Hits and bytes of all frames of a file against time, from its index alone."""
    listed = known_subsystems(reader)
    slot_of = reader.header.slot_of()
    columns = [slot_of[subsystem.id] for subsystem in listed]
    slots = reader.slots
    tf = reader.tf_numbers().astype(np.int64)
    return volume_products(tf, slots.nbytes[:, columns], slots.n_hits[:, columns], listed)


def known_subsystems(reader: StfReader) -> list[Detector]:
    """The subsystems of a file that the detector table knows."""
    names = {one.name for one in detectors()}
    return [detector(info.name) for info in reader.header.detectors if info.name in names]


def _bank_hits(
    subsystem: Detector, batch: HitBatch | None, bc0: np.ndarray[tuple[int], np.dtype[np.int64]], bad: int
) -> BankHits:
    if batch is None:
        return BankHits.of(subsystem, [], [], missing=len(bc0))
    there = batch.banks > 0
    missing = int(len(bc0) - there.sum()) - bad
    return BankHits(subsystem, batch.hits, batch.counts[there], bc0[there], bad, max(missing, 0))
