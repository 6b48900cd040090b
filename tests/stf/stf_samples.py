"""Frames, headers and files for the tests of the STF format."""

from pathlib import Path
from uuid import UUID

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from swf_testbed.stf.documents import Bank, DetectorInfo, FileHeader, Frame, FrameBatch, WriteSummary
from swf_testbed.stf.layout import Codec, Encoding
from swf_testbed.stf.writer import StfWriter

VECTOR = Path(__file__).parents[1] / "data" / "stf1-vector.stf"
IDS = (1, 9, 10, 30)
RUN = 100_010


def header(ids: tuple[int, ...] = IDS, first_tf: int = 0) -> FileHeader:
    return FileHeader(
        run=RUN,
        sequence=1,
        first_tf=first_tf,
        t0_ns=1_795_330_800_000_000_000,
        detectors=tuple(DetectorInfo(id_, f"D{id_}", 1000, 10) for id_ in ids),
        uuid=UUID(int=7),
        state="run",
        substate="physics",
        stream="main",
    )


def batch(n_frames: int, n_bank: int = 4, hits_per_bank: float = 20.0, seed: int = 1) -> FrameBatch:
    random = np.random.default_rng(seed)
    counts = random.poisson(hits_per_bank, (n_frames, n_bank)).astype(np.uint32)
    return FrameBatch(
        tf=5000,
        bc0=np.arange(n_frames, dtype=np.uint64) * np.uint64(65536),
        t_ns=np.arange(n_frames, dtype=np.uint64),
        counts=counts,
        bank_detector=np.array(IDS[:n_bank], np.uint16),
        bank_link=np.arange(n_bank, dtype=np.uint16),
        hits=random.integers(0, 2**64, int(counts.sum()), np.uint64),
    )


def frames_of(many: FrameBatch) -> list[Frame]:
    """The frames of a batch one by one."""
    ends = np.cumsum(many.counts.ravel()).tolist()
    pieces = iter(np.split(many.hits, ends[:-1]))
    return [
        Frame(
            many.tf + row,
            int(many.bc0[row]),
            int(many.t_ns[row]),
            RUN,
            0,
            tuple(
                Bank.of_hits(int(detector), int(link), next(pieces))
                for detector, link in zip(many.bank_detector, many.bank_link, strict=True)
            ),
        )
        for row in range(len(many.counts))
    ]


def write(path: Path, frames: list[Frame] | FrameBatch, ids: tuple[int, ...] = IDS) -> WriteSummary:
    with StfWriter(path, header(ids)) as writer:
        if isinstance(frames, FrameBatch):
            writer.add_many(frames)
        else:
            for frame in frames:
                writer.add(frame)
        return writer.close()


def content(frame: Frame) -> tuple[object, ...]:
    """A frame as something that can be compared."""
    banks = []
    for bank in frame.banks:
        data = bank.data if isinstance(bank.data, bytes) else bank.data.tobytes()
        banks.append((bank.detector, bank.link, bank.encoding, bank.codec, bank.status, bank.n_hits, data))
    return (frame.tf, frame.bc0, frame.t_ns, frame.run, frame.flags, banks)


U16 = st.integers(0, 2**16 - 1)
U64 = st.integers(0, 2**64 - 1)


@st.composite
def banks(draw: st.DrawFn) -> Bank:
    detector, link, status = draw(st.sampled_from(IDS)), draw(U16), draw(U16)
    codec = draw(st.sampled_from(Codec))
    if draw(st.booleans()):
        hits: NDArray[np.uint64] = np.array(draw(st.lists(U64, max_size=20)), "<u8")
        return Bank.of_hits(detector, link, hits, codec, status)
    n_hits = draw(st.integers(0, 1000))
    return Bank(detector, link, Encoding.OPAQUE, codec, status, draw(st.binary(max_size=40)), n_hits)


@st.composite
def frame_lists(draw: st.DrawFn) -> list[Frame]:
    numbers = sorted(draw(st.sets(U64, max_size=6)))
    return [
        Frame(tf, draw(U64), draw(U64), RUN, draw(U16), tuple(draw(st.lists(banks(), max_size=5))))
        for tf in numbers
    ]
