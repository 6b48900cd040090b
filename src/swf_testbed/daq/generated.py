"""STF files full of generated hits."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.anomalies import Anomaly
from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.daq.content_pool import ContentPool
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.model.detectors import BC_PER_TF, TF_NS, beam, detectors
from swf_testbed.model.names import derived_id
from swf_testbed.stf.documents import Bank, DetectorInfo, FileHeader, Frame, FrameBatch, WriteSummary
from swf_testbed.stf.frames import encode_frame
from swf_testbed.stf.layout import FileFlags
from swf_testbed.stf.writer import StfWriter


class _Source(Protocol):
    def batches(
        self, run: int, first_tf: int, n_frames: int, start_s: float | None = None
    ) -> Iterator[Content]: ...


class GeneratedFiles:
    """Makes the STF files of one stream of a run.

    Args:
        run: run number.
        simulation: what the detector sends into the stream.
        anomalies: faults to inject.

    Raises:
        BadInput: the beam does not exist.
    """

    def __init__(self, run: int, simulation: Simulation, anomalies: Sequence[Anomaly]) -> None:
        self._simulation = simulation
        generator = ContentGenerator(
            simulation.seed, simulation.scale, beam(simulation.beam), anomalies=anomalies
        )
        self._source: _Source = generator
        self._flags = FileFlags.NONE
        if simulation.recycle_frames:
            self._source = ContentPool(generator, run, simulation.recycle_frames)
            self._flags = FileFlags.RECYCLED
        self._listed = tuple(DetectorInfo(one.id, one.name, one.channels, one.units) for one in detectors())
        self._ids = np.array([one.id for one in self._listed], np.uint16)

    def write(self, path: Path, stf: StfSlot) -> WriteSummary:
        """Write one."""
        frames = self._simulation.tf_per_stf
        header = self._header(stf, (stf.name.sequence - 1) * frames)
        with StfWriter(path, header) as writer:
            for content in self._source.batches(header.run, header.first_tf, frames, stf.run_s):
                self._add(writer, content, header)
            return writer.close()

    def _header(self, stf: StfSlot, first_tf: int) -> FileHeader:
        return FileHeader(
            run=stf.name.run,
            sequence=stf.name.sequence,
            first_tf=first_tf,
            t0_ns=stf.t0_ns,
            detectors=self._listed,
            uuid=derived_id("stf", stf.name, stf.t0_ns),
            flags=self._flags,
            state=stf.state.state.value,
            substate=stf.state.substate.value if stf.state.substate else "",
            stream=stf.name.stream,
        )

    def _add(self, writer: StfWriter, content: Content, header: FileHeader) -> None:
        """All frames at once, but for those with a missing or spoilt bank, which are made one by one."""
        special = np.any(~content.present | content.corrupt, axis=1, keepdims=True)[:, 0]
        edges = sorted(
            {0, content.n_frames, *np.flatnonzero(special).tolist(), *(np.flatnonzero(special) + 1).tolist()}
        )
        since = content.first_tf - header.first_tf + np.arange(content.n_frames)
        t_ns = header.t0_ns + (since * TF_NS).astype(np.int64)
        for begin, end in pairwise(edges):
            if special[begin]:
                writer.add_raw(self._special_frame(content, begin, int(t_ns[begin]), header.run))
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

    def _special_frame(self, content: Content, row: int, t_ns: int, run: int) -> bytes:
        tf = content.first_tf + row
        slots = np.flatnonzero(content.present[row]).tolist()
        banks = tuple(Bank.of_hits(int(self._ids[slot]), 0, content.bank(row, slot)) for slot in slots)
        frame = Frame(tf, tf * BC_PER_TF, t_ns, run, 0, banks)
        block = bytearray(encode_frame(frame))
        end = len(block)
        for slot, bank in zip(reversed(slots), reversed(banks), strict=True):
            start = end - bank.hits.nbytes
            if content.corrupt[row, slot] and bank.n_hits:
                block[start] ^= 0xFF
            end = start
        return bytes(block)
