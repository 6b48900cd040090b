"""Damage: a cut file gives its complete frames, a flipped bit is found and attributed, garbage is told so."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import google_crc32c
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stf_samples import VECTOR, batch, content, frames_of, write

from swf_testbed.model.errors import BadData, SwfError
from swf_testbed.stf.documents import Frame
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.reader import StfReader, frame_hits_by_detector
from swf_testbed.stf.recovery import recover
from swf_testbed.stf.verify import verify

GOOD = VECTOR.read_bytes()
FIRST, END = 512, 2144
"""Where frames begin and end in the vector."""

STARTS = [512, 920, 1336, 1712, 2144]


def read(path: Path) -> tuple[list[Frame], list[CrcError], StfReader]:
    bad: list[CrcError] = []
    with StfReader.open(path) as reader:
        return list(reader.read_frames(on_bad=bad.append)), bad, reader


FRAMES = read(VECTOR)[0]


def test_a_file_cut_anywhere_gives_exactly_its_complete_frames(tmp_path: Path) -> None:
    path = tmp_path / "cut.stf"
    for size in range(len(GOOD)):
        path.write_bytes(GOOD[:size])
        if size < FIRST:
            with pytest.raises(BadData):
                StfReader.open(path)
            continue
        frames, bad, reader = read(path)
        complete = sum(end <= size for end in STARTS[1:])
        assert list(map(content, frames)) == list(map(content, FRAMES[:complete]))
        assert reader.recovered
        assert not bad
        cut_inside = [loss.frame for loss in reader.lost if "ends inside" in loss.problem]
        within = size - STARTS[complete] if complete < len(FRAMES) else 0
        assert cut_inside == ([7000 + complete] if within >= 64 else [])
        assert reader.lost


def where(position: int) -> tuple[int | None, int | None]:
    """Frame and detector that a byte of the vector belongs to."""
    for number, (start, end) in enumerate(pairwise(STARTS)):
        if start <= position < end:
            at = start + 64 + 5 * 24
            for bank in FRAMES[number].banks:
                size = len(bank.data) if isinstance(bank.data, bytes) else bank.data.nbytes
                if at <= position < at + size:
                    return 7000 + number, bank.detector
                at += -(-size // 8) * 8
            return 7000 + number, None
    return None, None


def test_any_flipped_byte_is_found_and_attributed(tmp_path: Path) -> None:
    path = tmp_path / "flipped.stf"
    for position in range(len(GOOD)):
        data = bytearray(GOOD)
        data[position] ^= 0x10
        path.write_bytes(data)
        frame, detector = where(position)
        problems = verify(path).problems
        assert problems, f"byte {position} is flipped, and nobody says so"
        if detector is not None:
            assert [(p.frame, p.detector) for p in problems] == [(frame, detector)]
        # A damaged frame header cannot name its frame; the bytes around it do.
        elif frame is not None and position - STARTS[frame - 7000] >= 64:
            assert {p.frame for p in problems} <= {frame, None}


def test_a_flipped_byte_is_never_silently_used(tmp_path: Path) -> None:
    path = tmp_path / "flipped.stf"
    banks = [((f.tf, b.detector, b.link), b) for f in FRAMES for b in f.banks]
    intact = {key: content(Frame(0, 0, 0, 0, 0, (bank,))) for key, bank in banks}
    for position in range(FIRST, len(GOOD), 3):  # every field has a byte among them
        data = bytearray(GOOD)
        data[position] ^= 0x01
        path.write_bytes(data)
        frames, bad, reader = read(path)
        given_back = {(f.tf, b.detector, b.link): b for f in frames for b in f.banks}
        for key, bank in given_back.items():
            assert content(Frame(0, 0, 0, 0, 0, (bank,))) == intact[key]
        missing = set(intact) - set(given_back)
        told = {(e.frame, e.detector, e.link) for e in bad}
        lost = {e.frame for e in bad if e.detector is None}
        assert {key for key in missing if key[0] not in lost} == {key for key in told if key[1] is not None}
        assert all(error.file == str(path) for error in bad)
        assert position < END or (reader.recovered and not missing) or position >= len(GOOD) - 16


def flipped(path: Path, *positions: int, size: int | None = None) -> Path:
    data = bytearray(GOOD)
    for position in positions:
        data[position] ^= 0xFF
    path.write_bytes(data[:size])
    return path


def test_a_bad_bank_names_file_frame_detector_and_link(tmp_path: Path) -> None:
    path = flipped(tmp_path / "a.stf", STARTS[1] + 64 + 5 * 24 + 48)  # first hit of detector 9, link 0
    with StfReader.open(path) as reader:
        with pytest.raises(CrcError, match=r"a\.stf, frame 7001, detector 9, link 0: .*checksum"):
            list(reader.read_frames())
        with pytest.raises(CrcError, match="frame 7001, detector 9"):
            reader.hits_by_detector()
        bad: list[CrcError] = []
        found = reader.hits_by_detector(on_bad=bad.append)
    assert [(e.frame, e.detector, e.link) for e in bad] == [(7001, 9, 0)]
    assert found[9].counts.tolist() == [15, 4, 15, 15]
    assert found[9].banks.tolist() == [2, 1, 2, 2]
    assert len(found[9].hits) == found[9].counts.sum()


def test_a_bad_frame_header_counts_as_a_frame_without_banks(tmp_path: Path) -> None:
    path = flipped(tmp_path / "a.stf", STARTS[2] + 9)
    bad: list[CrcError] = []
    with StfReader.open(path) as reader:
        found = reader.hits_by_detector(on_bad=bad.append)
        with pytest.raises(CrcError, match="frame 7002: the frame header"):
            list(reader.read_frames([7002]))
    assert [(e.frame, e.detector) for e in bad] == [(7002, None)]
    assert found[1].counts.tolist() == [5, 6, 0, 8]


def test_without_frames_there_are_no_detectors() -> None:
    assert frame_hits_by_detector([]) == {}


def test_resumes_behind_a_hole(tmp_path: Path) -> None:
    data = bytearray(GOOD)
    data[STARTS[1] : STARTS[1] + 200] = bytes(200)
    path = tmp_path / "hole.stf"
    path.write_bytes(data[:END])
    frames, _, reader = read(path)
    assert [frame.tf for frame in frames] == [7000, 7002, 7003]
    assert [(loss.offset, loss.size) for loss in reader.lost] == [(920, 416), (END, 0)]
    assert "bytes 920 to 1336" in str(reader.lost[0])


def test_resynchronises_over_more_than_one_window(tmp_path: Path) -> None:
    """The damaged part is longer than what is read at once, and ends at an awkward place."""
    path = tmp_path / "long.stf"
    write(path, batch(40, 4, 600))
    data = path.read_bytes()
    with StfReader.open(path) as reader:
        offsets = reader.index.offset.tolist()
    holed = bytearray(data[: offsets[39]])
    holed[offsets[1] : offsets[30]] = b"\xa5TFZ" * ((offsets[30] - offsets[1]) // 4)
    path.write_bytes(holed)
    with StfReader.open(path) as reader:
        assert (reader.index.tf - np.uint64(5000)).tolist() == [0, *range(30, 39)]


def test_two_thirds_of_a_file_give_two_thirds_of_its_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.stf"
    write(path, batch(90))
    whole = path.read_bytes()
    with StfReader.open(path) as reader:
        cut = int(reader.index.offset[60]) + 100
    path.write_bytes(whole[:cut])
    report = recover(path, tmp_path / "b.stf")
    assert (report.summary.tf_count, report.header_lost, report.bad_banks) == (60, None, ())
    assert [loss.frame for loss in report.lost] == [5060]
    assert verify(tmp_path / "b.stf").ok
    expected = list(map(content, frames_of(batch(90))[:60]))
    assert list(map(content, read(tmp_path / "b.stf")[0])) == expected


def test_recovers_without_a_file_header(tmp_path: Path) -> None:
    path = flipped(tmp_path / "a.stf", 30)
    report = recover(path, tmp_path / "b.stf")
    assert report.header_lost is not None
    assert verify(tmp_path / "b.stf").ok
    frames, _, reader = read(tmp_path / "b.stf")
    assert list(map(content, frames)) == list(map(content, FRAMES))
    assert [(d.id, d.name, d.encoding.label) for d in reader.header.detectors][2:] == [
        (10, "DETECTOR_10", "HIT64"),
        (30, "DETECTOR_30", "opaque"),
    ]


def test_recovery_leaves_a_bad_bank_out_and_says_so(tmp_path: Path) -> None:
    path = flipped(tmp_path / "a.stf", STARTS[1] + 64 + 5 * 24 + 48)
    report = recover(path, tmp_path / "b.stf")
    assert [(e.frame, e.detector, e.link) for e in report.bad_banks] == [(7001, 9, 0)]
    assert report.summary.n_hits == 104 - 11
    assert verify(tmp_path / "b.stf").ok


def test_nothing_to_recover_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.stf").write_bytes(b"no frames here" * 100)
    with pytest.raises(BadData, match="no frame was found"):
        recover(tmp_path / "a.stf", tmp_path / "b.stf")
    with pytest.raises(SwfError, match="another file"):
        recover(tmp_path / "a.stf", tmp_path / "a.stf")


def use(path: Path) -> Iterator[None]:
    """Everything that reads, each step by itself."""
    verify(path)
    yield
    bad: list[CrcError] = []
    with StfReader.open(path) as reader:
        list(reader.read_frames(on_bad=bad.append))
        reader.hits_by_detector(on_bad=bad.append)
    yield
    recover(path, path.with_suffix(".new"))


def never_raises_but_swf_errors(path: Path) -> None:
    try:
        for _ in use(path):
            pass
    except SwfError:
        pass


@settings(max_examples=200)
@given(st.binary(max_size=400), st.sampled_from([b"", GOOD[:8], GOOD[:64], GOOD[:FIRST], GOOD[:600]]))
def test_garbage_is_told_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "garbage.stf"
    path.write_bytes(head + tail)
    never_raises_but_swf_errors(path)


def sign(data: bytearray, start: int, covered: int, place: int) -> None:
    struct.pack_into("<I", data, place, google_crc32c.value(bytes(data[start : start + covered])))


def sign_all(data: bytearray) -> bytes:
    """Every checksum made right again, as far as the sizes in the file lead."""
    sign(data, 64, 428, 20)
    sign(data, 0, 60, 60)
    for start in STARTS[:-1]:
        for row in range(5):
            line = start + 64 + row * 24
            sizes = [int.from_bytes(GOOD[start + 72 + r * 24 :][:4], "little") for r in range(row)]
            at = start + 64 + 5 * 24 + sum(-(-size // 8) * 8 for size in sizes)
            sign(data, at, min(int.from_bytes(data[line + 8 : line + 12], "little"), 4096), line + 20)
        sign(data, start + 64, 5 * 24, start + 40)
        sign(data, start, 60, start + 60)
    sign(data, END, len(GOOD) - 64 - END, len(GOOD) - 24)
    sign(data, len(GOOD) - 64, 44, len(GOOD) - 20)
    return bytes(data)


CHANGES = st.tuples(st.integers(0, len(GOOD) - 8), st.binary(min_size=1, max_size=8))
"""Where, and what is written there."""


def test_signing_the_vector_changes_nothing() -> None:
    assert sign_all(bytearray(GOOD)) == GOOD


@settings(max_examples=150)
@given(st.lists(CHANGES, min_size=1, max_size=3))
@example([(64, b"[" * 8)])
@example([(12, b"\xff" * 4)])
@example([(len(GOOD) - 64 + 24, b"\xff" * 4)])
@example([(END + 8, b"\xff" * 8)])
@example([(512 + 64 + 8, b"\xff" * 4)])
@example([(512 + 64 + 4, b"\x01\x01")])
@example([(512 + 64 + 4, b"\x09\x09")])
def test_lies_with_right_checksums_are_told_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(GOOD)
    for position, value in changes:
        data[position : position + len(value)] = value
    path = tmp_path_factory.getbasetemp() / "lies.stf"
    path.write_bytes(sign_all(data))
    never_raises_but_swf_errors(path)


def test_deeply_nested_description_is_refused(tmp_path: Path) -> None:
    meta = b"[" * 100_000
    size = -(-(64 + len(meta)) // 64) * 64
    data = bytearray(GOOD[:64] + meta).ljust(size, b"\0")
    struct.pack_into("<II", data, 12, size, len(meta))
    sign(data, 64, len(meta), 20)
    sign(data, 0, 60, 60)
    (tmp_path / "a.stf").write_bytes(data)
    with pytest.raises(BadData, match="cannot be understood"):
        StfReader.open(tmp_path / "a.stf")


def test_another_version_is_refused_by_number(tmp_path: Path) -> None:
    data = bytearray(GOOD)
    data[8] = 2
    sign(data, 0, 60, 60)
    (tmp_path / "a.stf").write_bytes(data)
    with pytest.raises(BadData, match="version 2"):
        StfReader.open(tmp_path / "a.stf")


def test_an_index_of_another_file_is_not_believed(tmp_path: Path) -> None:
    """Right checksums, wrong numbers: the frame says another number than the index."""
    data = bytearray(GOOD)
    struct.pack_into("<Q", data, END + 8 + 8, 6999)
    (tmp_path / "a.stf").write_bytes(sign_all(data))
    assert "index does not agree" in str(verify(tmp_path / "a.stf").problems[0])
    with StfReader.open(tmp_path / "a.stf") as reader, pytest.raises(CrcError, match="calls itself 7000"):
        list(reader.read_frames())
