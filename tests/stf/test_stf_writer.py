"""Writing: any frames come back, the bulk path gives the same bytes, wrong input is refused by name."""

import zlib
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stf_samples import RUN, batch, content, frame_lists, frames_of, header, write

from swf_testbed.model.errors import BadInput, Conflict
from swf_testbed.stf import layout
from swf_testbed.stf.documents import Bank, Frame, FrameBatch
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.layout import Codec, Encoding, FileFlags
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.verify import verify
from swf_testbed.stf.writer import StfWriter


@settings(max_examples=60)
@given(frame_lists())
def test_any_frames_come_back(frames: list[Frame]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "any.stf")
        summary = write(path, frames)
        with StfReader.open(path) as reader:
            assert reader.header == header()
            assert list(map(content, reader.read_frames())) == list(map(content, frames))
            assert list(reader.index.tf) == [frame.tf for frame in frames]
        report = verify(path, summary.checksum)
        assert report.problems == ()
        assert report.hits == summary.n_hits == sum(frame.n_hits for frame in frames)
        assert summary.checksum == f"ad:{zlib.adler32(path.read_bytes()):08x}"


@given(
    st.lists(st.tuples(*(st.integers(0, top) for top in (2**16 - 1, 2**24 - 1, 255, 2**16 - 1))), max_size=20)
)
def test_hits_come_apart_as_they_were_packed(parts: list[tuple[int, int, int, int]]) -> None:
    adc, channel, fine, crossing = np.array(parts, np.int64).reshape(-1, 4).T
    hits = layout.pack_hits(adc, channel, fine, crossing)
    assert layout.adc(hits).tolist() == adc.tolist()
    assert layout.channel(hits).tolist() == channel.tolist()
    assert layout.fine(hits).tolist() == fine.tolist()
    assert layout.crossing(hits).tolist() == crossing.tolist()
    assert np.shares_memory(layout.adc(hits), hits) or not len(hits)
    in_time = np.lexsort((fine, crossing))
    assert (np.diff(crossing[np.argsort(hits, kind="stable")]) >= 0).all()
    assert layout.crossing(np.sort(hits)).tolist() == crossing[in_time].tolist()


@pytest.mark.parametrize(("n_frames", "n_bank", "per_bank"), [(1, 1, 0), (1, 4, 3), (50, 4, 20), (3, 0, 0)])
def test_bulk_path_writes_the_same_bytes(tmp_path: Path, n_frames: int, n_bank: int, per_bank: int) -> None:
    many = batch(n_frames, n_bank, per_bank)
    bulk = write(tmp_path / "bulk.stf", many)
    single = write(tmp_path / "single.stf", frames_of(many))
    assert bulk.checksum == single.checksum
    assert (tmp_path / "bulk.stf").read_bytes() == (tmp_path / "single.stf").read_bytes()


def test_file_without_frames_is_valid(tmp_path: Path) -> None:
    summary = write(tmp_path / "empty.stf", [])
    assert (summary.tf_count, summary.n_hits) == (0, 0)
    assert verify(tmp_path / "empty.stf").ok


def test_appears_under_its_name_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.stf"
    writer = StfWriter(path, header())
    writer.add_many(batch(3))
    assert [file.name for file in tmp_path.iterdir()] == ["a.stf.part"]
    assert writer.close(fsync=True) == writer.close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.stf"]


def test_leaves_nothing_after_an_exception(tmp_path: Path) -> None:
    with pytest.raises(BadInput), StfWriter(tmp_path / "a.stf", header()) as writer:
        writer.add_many(replace(batch(3), bank_detector=np.zeros(4, np.uint16)))
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_of_the_same_file_is_refused(tmp_path: Path) -> None:
    with StfWriter(tmp_path / "a.stf", header()), pytest.raises(Conflict, match="another process"):
        StfWriter(tmp_path / "a.stf", header())
    assert verify(tmp_path / "a.stf").ok


def test_begins_anew_over_the_rest_of_a_crashed_writer(tmp_path: Path) -> None:
    (tmp_path / "a.stf.part").write_bytes(b"x" * 100_000)
    write(tmp_path / "a.stf", batch(2))
    assert verify(tmp_path / "a.stf").ok


def test_frames_ascend(tmp_path: Path) -> None:
    frames = frames_of(batch(2))
    with StfWriter(tmp_path / "a.stf", header()) as writer:
        writer.add(frames[1])
        for frame in frames:
            with pytest.raises(BadInput, match="greater than 5001"):
                writer.add(frame)


def frame_with(bank: Bank, **changes: int) -> Frame:
    return replace(Frame(1, 0, 0, RUN, 0, (bank,)), **changes)  # type: ignore[arg-type]  # names differ in type


HITS = Bank.of_hits(1, 0, np.zeros(3, "<u8"))


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (frame_with(replace(HITS, detector=2)), "detector"),
        (frame_with(replace(HITS, link=-1)), "bank link"),
        (frame_with(replace(HITS, status=70_000)), "bank status"),
        (frame_with(replace(HITS, n_hits=2)), "n_hits"),
        (frame_with(replace(HITS, encoding=Encoding.OPAQUE)), "hits must be HIT64"),
        (frame_with(HITS, tf=2**64), "frame tf"),
        (frame_with(HITS, run=5), "run"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, frame: Frame, word: str) -> None:
    with StfWriter(tmp_path / "a.stf", header()) as writer, pytest.raises(BadInput, match=word):
        writer.add(frame)


def test_header_limits_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="sequence"):
        StfWriter(tmp_path / "a.stf", replace(header(), sequence=2**32))
    with pytest.raises(BadInput, match="ids must differ"):
        StfWriter(tmp_path / "a.stf", header((1, 1)))


def test_batch_arrays_must_agree(tmp_path: Path) -> None:
    many: FrameBatch = batch(3)
    with StfWriter(tmp_path / "a.stf", header()) as writer, pytest.raises(BadInput, match="hits"):
        writer.add_many(replace(many, hits=many.hits[1:]))


def test_counts_without_payload_need_the_flag(tmp_path: Path) -> None:
    frame = frame_with(replace(HITS, data=np.zeros(0, "<u8")))
    path = tmp_path / "a.stf"
    with StfWriter(path, replace(header(), flags=FileFlags.NO_PAYLOAD)) as writer:
        writer.add(frame)
    assert verify(path).ok
    with StfReader.open(path) as reader:
        assert reader.slots.n_hits[0, 0] == HITS.n_hits
        assert reader.hits_by_detector()[1].counts.tolist() == [0]


def test_compressed_hits_are_smaller_and_the_same(tmp_path: Path) -> None:
    hits = np.sort(np.random.default_rng(1).integers(0, 2**40, 10_000, np.uint64))
    write(tmp_path / "a.stf", [frame_with(Bank.of_hits(1, 0, hits, Codec.SHUFFLE_ZSTD))])
    with StfReader.open(tmp_path / "a.stf") as reader:
        assert reader.slots.nbytes[0, 0] < hits.nbytes * 0.8
        assert (reader.hits_by_detector()[1].hits == hits).all()


def test_a_damaged_block_is_not_copied(tmp_path: Path) -> None:
    write(tmp_path / "a.stf", batch(1))
    with StfReader.open(tmp_path / "a.stf") as reader:
        block = bytearray(reader.read_blocks()[0])
    block[70] ^= 1
    with StfWriter(tmp_path / "b.stf", header()) as writer, pytest.raises(CrcError, match="bank table"):
        writer.add_raw(bytes(block))
