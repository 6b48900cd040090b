"""Skims: chosen frames bit for bit, by few reads of little more than those frames, always the same bytes."""

from pathlib import Path

import numpy as np
import pytest
from stf_samples import VECTOR, batch, content, write

from swf_testbed.model.errors import BadInput
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.skim import skim
from swf_testbed.stf.source import open_source
from swf_testbed.stf.verify import verify

SEVEN = [list(range(5000 + 140 * block + 60, 5000 + 140 * block + 67)) for block in range(7)]
"""5 % of 1000 frames, one block in each seventh."""


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("skim") / "swf.100010.000007.stf"
    write(path, batch(1000, 4, 1000))
    return path


def test_five_percent_cost_five_percent(big: Path, tmp_path: Path) -> None:
    files = skim(big, SEVEN, tmp_path)
    size = big.stat().st_size
    assert files[0].source_bytes <= 0.052 * size + 256 * 1024 + 4096
    assert files[0].source_requests <= 7 + 2
    assert [file.path.name for file in files] == [f"swf.100010.000007_tf_{n:03d}.tf" for n in range(1, 8)]
    for file, block in zip(files, SEVEN, strict=True):
        report = verify(file.path, file.checksum)
        assert report.ok
        assert (report.size_bytes, report.hits) == (file.size_bytes, file.n_hits)
        assert (file.tf_first, file.tf_last, file.tf_count) == (block[0], block[-1], 7)


def test_frames_are_copied_bit_for_bit(big: Path, tmp_path: Path) -> None:
    files = skim(big, SEVEN, tmp_path, lambda part: f"part{part}.tf")
    with StfReader.open(big) as source, StfReader.open(files[3].path) as copy:
        assert copy.read_blocks() == source.read_blocks(SEVEN[3])
        assert copy.header.first_tf == SEVEN[3][0]
        assert copy.header.uuid != source.header.uuid
        assert copy.header.detectors == source.header.detectors


def test_done_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = skim(VECTOR, [[7003, 7000], [7001, 7002]], tmp_path / "one")
    again = skim(VECTOR, [np.array([7000, 7003]), np.array([7001, 7002])], tmp_path / "two")
    assert [f.checksum for f in first] == [f.checksum for f in again]
    for one, two in zip(first, again, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes()


def test_numbers_the_file_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="4 frames, 7000 to 7003"):
        skim(VECTOR, [[7000, 7004]], tmp_path)
    with pytest.raises(BadInput, match="without folders"):
        skim(VECTOR, [[7000]], tmp_path, lambda _: "../x.tf")


def test_a_damaged_frame_is_told_and_left_out(tmp_path: Path) -> None:
    data = bytearray(VECTOR.read_bytes())
    data[920 + 70] ^= 1
    path = tmp_path / "bad.stf"
    path.write_bytes(data)
    with pytest.raises(CrcError, match="frame 7001"):
        skim(path, [[7000, 7001]], tmp_path)
    bad: list[CrcError] = []
    files = skim(path, [[7000, 7001], [7001]], tmp_path, on_bad=bad.append)
    assert [(file.part, file.tf_count) for file in files] == [(1, 1)]
    assert [error.frame for error in bad] == [7001]


def test_far_frames_are_read_far_apart(big: Path) -> None:
    with StfReader.open(big) as reader:
        before, requests = reader.bytes_read, reader.requests
        blocks = reader.read_blocks([5000, 5999, 5500])
        assert reader.requests - requests == 3
        assert reader.bytes_read - before == sum(map(len, blocks))


def test_slices_are_positions_and_lists_are_numbers(big: Path) -> None:
    with StfReader.open(big) as reader:
        by_place = list(reader.read_frames(slice(10, 12)))
        by_number = list(reader.read_frames([5010, 5011]))
        assert list(map(content, by_place)) == list(map(content, by_number))
        with pytest.raises(BadInput, match="1000 frames, 5000 to 5999"):
            reader.read_blocks([10])


def test_any_source_gives_frames(big: Path) -> None:
    source = open_source(big)
    try:
        assert source.tf_numbers()[[0, -1]].tolist() == [5000, 5999]
        assert [frame.tf for frame in source.read_frames(slice(2))] == [5000, 5001]
        assert source.hits_by_detector([5000])[1].banks.tolist() == [1]
    finally:
        source.close()


def test_an_index_longer_than_the_first_read_is_read_too(tmp_path: Path) -> None:
    write(tmp_path / "many.stf", batch(5000, 4, 0))
    with StfReader.open(tmp_path / "many.stf") as reader:
        assert reader.index.encode(0)[:8] == b"STFINDEX"
        assert len(reader.index.encode(0)) > 256 * 1024
        assert not reader.recovered
        assert len(reader.index.tf) == 5000
