"""The exit buffer of one run: STF files full of generated hits."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from swf_testbed.config.parameters import Simulation
from swf_testbed.daq.anomalies import missing_stf, parse_anomalies
from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.daq.content_pool import ContentPool
from swf_testbed.daq.simulator import WrittenStf
from swf_testbed.model.detectors import BC_PER_TF, TF_NS, beam, detectors
from swf_testbed.model.names import derived_id, stf_filename
from swf_testbed.model.states import DaqState
from swf_testbed.stf.documents import Bank, DetectorInfo, FileHeader, Frame, FrameBatch, WriteSummary
from swf_testbed.stf.frames import encode_frame
from swf_testbed.stf.layout import FileFlags
from swf_testbed.stf.writer import StfWriter


class _Source(Protocol):
    def batches(
        self, run: int, first_tf: int, n_frames: int, start_s: float | None = None
    ) -> Iterator[Content]: ...


class ExitBuffer:
    """Writes and counts the STF files of one run.

    Args:
        folder: of the run; made if it is not there.
        run: run number.
        simulation: what the detector sends.

    Raises:
        BadInput: the beam or an anomaly does not exist.
    """

    def __init__(self, folder: Path, run: int, simulation: Simulation) -> None:
        self._folder, self._run, self._simulation = folder, run, simulation
        self._anomalies = parse_anomalies(simulation.anomalies, "simulation.anomalies")
        generator = ContentGenerator(
            simulation.seed, simulation.scale, beam(simulation.beam), anomalies=self._anomalies
        )
        self._source: _Source = generator
        self._flags = FileFlags.NONE
        if simulation.recycle_frames:
            self._source = ContentPool(generator, run, simulation.recycle_frames)
            self._flags = FileFlags.RECYCLED
        self._listed = tuple(DetectorInfo(one.id, one.name, one.channels, one.units) for one in detectors())
        self._ids = np.array([one.id for one in self._listed], np.uint16)
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, sequence: int, state: DaqState, t0_ns: int, run_s: float) -> WrittenStf | None:
        """Write one; None if an anomaly swallows it."""
        frames = self._simulation.tf_per_stf
        first_tf = (sequence - 1) * frames
        if missing_stf(self._anomalies, sequence, first_tf, run_s):
            return None
        path = self._folder / stf_filename(self._run, sequence)
        with StfWriter(path, self._header(sequence, first_tf, state, t0_ns)) as writer:
            for content in self._source.batches(self._run, first_tf, frames, run_s):
                self._add(writer, content, t0_ns, first_tf)
            summary = writer.close()
        return _written(summary)

    def count(self) -> int:
        """Complete files on disk; one being written has another ending."""
        return sum(1 for _ in self._folder.glob("*.stf"))

    def _header(self, sequence: int, first_tf: int, state: DaqState, t0_ns: int) -> FileHeader:
        return FileHeader(
            run=self._run,
            sequence=sequence,
            first_tf=first_tf,
            t0_ns=t0_ns,
            detectors=self._listed,
            uuid=derived_id("stf", self._run, sequence, t0_ns),
            flags=self._flags,
            state=state.state.value,
            substate=state.substate.value if state.substate else "",
            stream=self._simulation.stream,
        )

    def _add(self, writer: StfWriter, content: Content, t0_ns: int, first_tf: int) -> None:
        """All frames at once, but for those with a missing or spoilt bank, which are made one by one."""
        special = np.any(~content.present | content.corrupt, axis=1, keepdims=True)[:, 0]
        edges = sorted(
            {0, content.n_frames, *np.flatnonzero(special).tolist(), *(np.flatnonzero(special) + 1).tolist()}
        )
        t_ns = t0_ns + ((content.first_tf - first_tf + np.arange(content.n_frames)) * TF_NS).astype(np.int64)
        for begin, end in pairwise(edges):
            if special[begin]:
                writer.add_raw(self._special_frame(content, begin, int(t_ns[begin])))
            else:
                writer.add_many(self._batch(content, slice(begin, end), t_ns[begin:end]))

    def _batch(
        self, content: Content, rows: slice, t_ns: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> FrameBatch:
        tf = content.first_tf + rows.start
        counts = content.counts[rows]
        last = content.bank_ends[rows.stop - 1, -1]
        return FrameBatch(
            tf=tf,
            bc0=np.arange(tf, tf + len(counts), dtype=np.uint64) * np.uint64(BC_PER_TF),
            t_ns=t_ns.astype(np.uint64),
            counts=counts.astype(np.uint32),
            bank_detector=self._ids,
            bank_link=np.zeros(len(self._ids), np.uint16),
            hits=content.hits[last - counts.sum() : last],
        )

    def _special_frame(self, content: Content, row: int, t_ns: int) -> bytes:
        tf = content.first_tf + row
        slots = np.flatnonzero(content.present[row]).tolist()
        banks = tuple(Bank.of_hits(int(self._ids[slot]), 0, content.bank(row, slot)) for slot in slots)
        frame = Frame(tf, tf * BC_PER_TF, t_ns, self._run, 0, banks)
        block = bytearray(encode_frame(frame))
        end = len(block)
        for slot, bank in zip(reversed(slots), reversed(banks), strict=True):
            start = end - bank.hits.nbytes
            if content.corrupt[row, slot] and bank.n_hits:
                block[start] ^= 0xFF
            end = start
        return bytes(block)


def _written(summary: WriteSummary) -> WrittenStf:
    return WrittenStf(
        filename=summary.path.name,
        file_url=summary.path.absolute().as_uri(),
        size_bytes=summary.size_bytes,
        checksum=summary.checksum,
        tf_first=summary.tf_first,
        tf_count=summary.tf_count,
    )
