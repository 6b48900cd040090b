"""Products of files: those of the hits that were written, and of what is damaged or missing a number."""

from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from fastmon_samples import content, products, same

from swf_testbed.fastmon.counts import ProductKey, ProductSet
from swf_testbed.fastmon.fill import known_subsystems, products_of_frames, products_of_index
from swf_testbed.fastmon.products import BankHits, hit_products, volume_products
from swf_testbed.model.detectors import BC_PER_TF, detector, detectors
from swf_testbed.stf.documents import Bank, DetectorInfo, FileHeader, Frame
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.writer import StfWriter

RUN, FIRST = 100_010, 500
MADE = content(4, FIRST)
TF = np.arange(FIRST, FIRST + 4)
UNKNOWN = 30
"""A subsystem that only the file knows."""


def bank(frame: int, name: str, link: int = 0) -> Bank:
    one = detector(name)
    return Bank.of_hits(one.id, link, MADE.bank(frame, one.id))


def whole(frame: int) -> list[Bank]:
    """The banks of all subsystems, and one that nobody knows."""
    unknown = Bank.of_hits(UNKNOWN, 0, np.array([1, 2], np.uint64))
    return [unknown, *(bank(frame, one.name) for one in detectors())]


def written(path: Path, frames: list[list[Bank]]) -> Path:
    """A file whose header lists the subsystems in another order than the table."""
    infos = [DetectorInfo(one.id, one.name, one.channels, one.units) for one in reversed(detectors())]
    header = FileHeader(
        run=RUN,
        sequence=1,
        first_tf=FIRST,
        t0_ns=1_795_330_800_000_000_000,
        detectors=(DetectorInfo(UNKNOWN, "zdc", 8, 8), *infos),
        uuid=UUID(int=7),
    )
    with StfWriter(path, header) as writer:
        for number, banks in enumerate(frames):
            tf = FIRST + number
            writer.add(Frame(tf, tf * BC_PER_TF, tf, RUN, 0, tuple(banks)))
        writer.close()
    return path


def spoilt(path: Path, payload: bytes) -> None:
    """One bit of some bytes in the file."""
    stored = path.read_bytes()
    assert stored.count(payload) == 1
    path.write_bytes(stored.replace(payload, bytes([payload[0] ^ 1]) + payload[1:]))


@pytest.fixture
def intact(tmp_path: Path) -> Path:
    return written(tmp_path / "intact.stf", [whole(frame) for frame in range(4)])


def test_the_products_of_frames_are_those_of_their_hits(intact: Path) -> None:
    with StfReader.open(intact) as reader:
        assert [one.name for one in known_subsystems(reader)] == [one.name for one in reversed(detectors())]
        for chosen in ([0, 1, 2, 3], [3, 1], [2], []):
            found, problems = products_of_frames(reader, [FIRST + frame for frame in chosen])
            assert problems == []
            assert same(found, products(MADE, chosen))


def test_the_products_of_an_index_are_those_of_all_frames(intact: Path) -> None:
    with StfReader.open(intact) as reader:
        assert same(products_of_index(reader), volume_products(TF, MADE.counts * 8, MADE.counts, detectors()))


def test_damaged_and_missing_banks_are_told_and_not_counted(tmp_path: Path) -> None:
    drich, mpgd, femc, lfhcal, bhcal = (
        detector(name) for name in ("drich", "mpgd", "femc", "lfhcal", "bhcal")
    )
    kept = [[one for one in whole(frame) if one.detector != bhcal.id] for frame in range(4)]
    kept[1] = [one for one in kept[1] if one.detector != drich.id]
    for frame in (0, 3):
        kept[frame] = [one for one in kept[frame] if one.detector != femc.id]
    kept[0].append(Bank.of_hits(lfhcal.id, 1, np.array([2**63 + 5], np.uint64)))
    path = written(tmp_path / "damaged.stf", kept)
    for frame, name in ((2, "mpgd"), (0, "mpgd"), (1, "femc")):
        spoilt(path, bank(frame, name).hits.tobytes())
    spoilt(path, np.array([2**63 + 5], np.uint64).tobytes())
    order = [3, 0, 1, 2]
    with StfReader.open(path) as reader:
        found, problems = products_of_frames(reader, [FIRST + frame for frame in order])

    def of(name: str, frames: list[int], crc_errors: int, missing: int) -> BankHits:
        banks = [bank(frame, name).hits for frame in frames]
        bc0 = [(FIRST + frame) * BC_PER_TF for frame in frames]
        return BankHits.of(detector(name), banks, bc0, crc_errors, missing)

    others = [one.name for one in detectors() if one not in (drich, mpgd, femc, lfhcal, bhcal)]
    wanted = [of(name, order, 0, 0) for name in others]
    wanted += [of("drich", [3, 0, 2], 0, 1), of("mpgd", [3, 1], 2, 0), of("femc", [2], 1, 2)]
    # One of the two banks of a frame is good: the frame is not missing.
    wanted += [of("lfhcal", order, 1, 0), of("bhcal", [], 0, 4)]
    assert same(found, hit_products(4, wanted))
    places = [(0, mpgd.id, 0), (0, lfhcal.id, 1), (1, femc.id, 0), (2, mpgd.id, 0)]
    named = [f"{path}, frame {FIRST + frame}, detector {one}, link {link}" for frame, one, link in places]
    assert sorted(problem.split(":")[0] for problem in problems) == sorted(named)


def test_a_damaged_frame_is_missing_everywhere(intact: Path) -> None:
    with StfReader.open(intact) as reader:
        head = reader.read_blocks([FIRST + 1])[0][:64]
    spoilt(intact, head)
    with StfReader.open(intact) as reader:
        found, problems = products_of_frames(reader, TF.tolist())
    good = [0, 2, 3]
    wanted: ProductSet = hit_products(
        4,
        [
            BankHits.of(
                one,
                [MADE.bank(frame, one.id) for frame in good],
                [(FIRST + frame) * BC_PER_TF for frame in good],
                missing=1,
            )
            for one in detectors()
        ],
    )
    assert same(found, wanted)
    assert found.counts[ProductKey("drich", "bank_status")].values.tolist() == [3, 0, 1, 0]
    [problem] = problems
    assert problem.startswith(f"{intact}, frame {FIRST + 1}: ")
