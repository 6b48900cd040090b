"""The file made by an independent writer: read as its description says, and written back byte for byte."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from stf_samples import VECTOR

from swf_testbed.stf import layout
from swf_testbed.stf.documents import Bank
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.writer import StfWriter

DESCRIPTION: dict[str, Any] = json.loads(VECTOR.with_suffix(".json").read_text())


def described(bank: Bank, like: dict[str, Any]) -> dict[str, Any]:
    """The bank in the description's words; of the hits as many as the description lists (the first ones)."""
    found: dict[str, Any] = {"detector": bank.detector, "link": bank.link, "n_hits": bank.n_hits}
    if isinstance(bank.data, bytes):
        return found | {"opaque_hex": bank.data.hex()}
    parts: dict[str, NDArray[np.integer]] = {
        "adc": layout.adc(bank.data),
        "channel": layout.channel(bank.data),
        "fine": layout.fine(bank.data),
        "crossing": layout.crossing(bank.data),
    }
    shown = range(len(like["hits"]))
    hits = [{name: int(values[place]) for name, values in parts.items()} for place in shown]
    return found | {"hits": hits, "sum_adc": int(parts["adc"].sum())}


def test_says_what_its_description_says() -> None:
    with StfReader.open(VECTOR) as reader:
        assert not reader.recovered
        assert reader.header.run == DESCRIPTION["run"]
        assert reader.header.sequence == DESCRIPTION["stf_seq"]
        assert reader.header.first_tf == DESCRIPTION["first_tf"]
        frames = list(reader.read_frames())
    for frame, expected in zip(frames, DESCRIPTION["frames"], strict=True):
        assert (frame.tf, frame.bc0) == (expected["tf"], expected["bc0"])
        told = [described(bank, like) for bank, like in zip(frame.banks, expected["banks"], strict=True)]
        assert told == expected["banks"]


def test_index_tells_volume_without_frames() -> None:
    with StfReader.open(VECTOR) as reader:
        assert [d.id for d in reader.header.detectors] == [1, 9, 10, 30]
        assert reader.slots.n_hits.tolist() == [[5, 15, 6, 0], [6, 15, 6, 0], [7, 15, 0, 0], [8, 15, 6, 0]]
        assert reader.slots.nbytes[2].tolist() == [56, 120, 0, 13]
        assert reader.requests == 1


def test_hits_by_detector_agree_with_the_frames() -> None:
    with StfReader.open(VECTOR) as reader:
        batches = reader.hits_by_detector()
        frames = list(reader.read_frames())
    assert set(batches) == {1, 9, 10, 30}
    for detector, found in batches.items():
        mine = [[bank for bank in frame.banks if bank.detector == detector] for frame in frames]
        assert found.hits.tobytes() == b"".join(bank.hits.tobytes() for banks in mine for bank in banks)
        assert found.counts.tolist() == [sum(bank.n_hits for bank in banks) for banks in mine]
        assert found.banks.tolist() == [len(banks) for banks in mine]
    assert batches[30].nbytes.tolist() == [13] * 4


@pytest.mark.parametrize("raw", [False, True])
def test_written_back_byte_for_byte(tmp_path: Path, raw: bool) -> None:
    path = tmp_path / "again.stf"
    with StfReader.open(VECTOR) as reader, StfWriter(path, reader.header) as writer:
        for (_, block), frame in zip(reader.iter_blocks(), reader.read_frames(), strict=True):
            if raw:
                writer.add_raw(block)
            else:
                writer.add(frame)
        summary = writer.close()
    assert path.read_bytes() == VECTOR.read_bytes()
    assert summary.checksum == f"ad:{DESCRIPTION['adler32']}"
    assert (summary.size_bytes, summary.n_hits) == (DESCRIPTION["size"], DESCRIPTION["n_hits"])
    assert (summary.tf_first, summary.tf_count) == (7000, 4)
