"""What the detector sends: hits of noise, physics and background, made for many frames at once.

Interactions are drawn once for all subsystems, each at a filled bunch of the orbit, so that one interaction
is seen by all of them in the same crossing; a subsystem then answers with clusters of hits at its own time
offset and resolution. Random numbers are seeded by (seed, run, first frame of the call, subsystem): the same
call gives the same hits bit for bit, whatever was asked before, and a fault in one subsystem leaves the
others bit for bit as they were.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from swf_testbed.daq.anomalies import (
    Anomaly,
    BankAnomaly,
    CorruptedBank,
    DetectorAnomaly,
    FrameTimes,
    MissingBank,
    Thin,
)
from swf_testbed.daq.columns import TICKS_PER_TF, HitColumns
from swf_testbed.daq.content_response import beam_hits, noise_hits
from swf_testbed.model.detectors import (
    BC_PER_TF,
    BUNCHES_PER_ORBIT,
    FILLED_BUNCHES,
    FINE_PER_BC,
    TF_NS,
    Beam,
    Detector,
    detectors,
)
from swf_testbed.model.errors import BadInput
from swf_testbed.stf.layout import pack_hits

TF_S = TF_NS * 1e-9
"""One time frame, s."""

MAX_SCALE = 4.0
_BATCH_HITS = 4_000_000
_INTERACTIONS = 1 << 16
_FAULTS = 1 << 17


@dataclass(frozen=True)
class Content:
    """The hits of consecutive frames, in the order in which a file holds them.

    Attributes:
        first_tf: number of the first frame.
        hits: HIT64 words, frame by frame, bank by bank, in time order within a bank.
        counts: hits of each bank, (frames, subsystems).
        present: whether the frame has that bank at all, (frames, subsystems).
        corrupt: whether the bank's stored bytes are to be spoilt, (frames, subsystems).
    """

    first_tf: int
    hits: NDArray[np.uint64]
    counts: NDArray[np.int64]
    present: NDArray[np.bool_]
    corrupt: NDArray[np.bool_]

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.counts)

    @cached_property
    def bank_ends(self) -> NDArray[np.int64]:
        """Where each bank ends in `hits`, (frames, subsystems)."""
        return np.cumsum(self.counts).reshape(self.counts.shape)

    def bank(self, frame: int, slot: int) -> NDArray[np.uint64]:
        """The hits of one bank."""
        end = self.bank_ends[frame, slot]
        return self.hits[end - self.counts[frame, slot] : end]


class ContentGenerator:
    """Makes the content of a run's frames.

    Args:
        seed: of all random numbers.
        scale: thins interactions, noise and hot channels alike; 1.0 is about 2.7 MB a frame, 0.74 a 2 GB
            STF of 1000 frames, 0.004 one of 10 MB.
        beam: the interaction rates; None for noise alone.
        subsystems: of the detector table, whose ids are their positions.
        anomalies: faults to inject.

    Raises:
        BadInput: seed or scale out of range.
    """

    def __init__(
        self,
        seed: int,
        scale: float,
        beam: Beam | None,
        subsystems: Sequence[Detector] | None = None,
        anomalies: Sequence[Anomaly] = (),
    ) -> None:
        if seed < 0:
            raise BadInput("seed", seed, "must be 0 or more")
        if not 0 < scale <= MAX_SCALE:
            raise BadInput("scale", scale, f"must be more than 0 and at most {MAX_SCALE}")
        self.seed, self.scale, self.beam = seed, scale, beam
        self.subsystems = tuple(detectors() if subsystems is None else subsystems)
        self.anomalies = tuple(anomalies)
        self._faults = {
            subsystem.name: [
                anomaly
                for anomaly in anomalies
                if isinstance(anomaly, DetectorAnomaly) and anomaly.detector == subsystem.name
            ]
            for subsystem in self.subsystems
        }

    @property
    def mean_hits(self) -> float:
        """Mean hits of a frame without faults."""
        noise = sum(subsystem.noise_hz * subsystem.channels for subsystem in self.subsystems)
        rates = self.beam.rates() if self.beam else ()
        beam = sum(
            rate * hits
            for subsystem in self.subsystems
            for rate, hits in zip(rates, subsystem.hits_per_interaction(), strict=False)
        )
        return (noise + beam) * self.scale * TF_S

    @property
    def batch_frames(self) -> int:
        """Frames of one batch: as many as keep its memory to some 100 MB."""
        return max(1, int(_BATCH_HITS / max(self.mean_hits, 1.0)))

    def batches(
        self, run: int, first_tf: int, n_frames: int, start_s: float | None = None
    ) -> Iterator[Content]:
        """The frames of an STF in pieces that fit into memory; arguments as of `generate`."""
        begin = first_tf * TF_S if start_s is None else start_s
        for done in range(0, n_frames, self.batch_frames):
            count = min(self.batch_frames, n_frames - done)
            yield self.generate(run, first_tf + done, count, begin + done * TF_S)

    def generate(self, run: int, first_tf: int, n_frames: int, start_s: float | None = None) -> Content:
        """The content of `n_frames` frames.

        Args:
            run: run number.
            first_tf: number of the first frame.
            n_frames: how many.
            start_s: s from the start of the run to the first frame, for the faults' windows; by default as
                if the run had begun at frame 0.
        """
        begin = first_tf * TF_S if start_s is None else start_s
        steps = np.arange(n_frames)
        frames = FrameTimes(tf=first_tf + steps, t_s=begin + steps * TF_S)
        entropy = (self.seed, run, first_tf)
        interactions = self._interactions(_rng(*entropy, _INTERACTIONS), first_tf, n_frames)
        shape = (n_frames, len(self.subsystems))
        present, corrupt = np.ones(shape, bool), np.zeros(shape, bool)
        words, homes = [], []
        for position, subsystem in enumerate(self.subsystems):
            fault_rng = _rng(*entropy, _FAULTS + subsystem.id)
            hits = self._respond(subsystem, interactions, frames, _rng(*entropy, subsystem.id), fault_rng)
            for fault in self._faults[subsystem.name]:
                if isinstance(fault, MissingBank):
                    present[:, position] &= ~fault.hit_frames(frames, fault_rng)
                elif isinstance(fault, CorruptedBank):
                    corrupt[:, position] |= fault.hit_frames(frames, fault_rng)
            if not present[:, position].all():
                hits = hits.keep(present[hits.frame(), position])
            words.append(_packed(hits, subsystem))
            homes.append(hits.frame().astype(np.uint16 if n_frames <= 1 << 16 else np.int64))
        counts = np.stack([np.bincount(home, minlength=n_frames) for home in homes], axis=1)
        # A stable sort of 16-bit frame numbers is a radix sort; it also keeps the subsystems in order.
        ordered = np.concatenate(words)[np.argsort(np.concatenate(homes), kind="stable")]
        content = Content(first_tf, ordered, counts, present, corrupt & present)
        _sort_banks(content)
        return content

    def _interactions(
        self, rng: np.random.Generator, first_tf: int, n_frames: int
    ) -> list[NDArray[np.int64]]:
        """Crossings, counted from the first frame's first, of each kind of interaction."""
        begin, end = first_tf * BC_PER_TF, (first_tf + n_frames) * BC_PER_TF
        before, until = _filled_before(begin), _filled_before(end)
        found = []
        for rate in self.beam.rates() if self.beam else ():
            number = rng.poisson(rate * self.scale * TF_S * n_frames)
            filled = rng.integers(before, until, number)
            crossing = filled // FILLED_BUNCHES * BUNCHES_PER_ORBIT + filled % FILLED_BUNCHES
            found.append(crossing - begin)
        return found

    def _respond(
        self,
        subsystem: Detector,
        interactions: list[NDArray[np.int64]],
        frames: FrameTimes,
        rng: np.random.Generator,
        fault_rng: np.random.Generator,
    ) -> HitColumns:
        n_frames = len(frames.tf)
        faults = [fault for fault in self._faults[subsystem.name] if not isinstance(fault, BankAnomaly)]
        mean = np.full(n_frames, subsystem.noise_hz * subsystem.channels * self.scale * TF_S)
        for fault in faults:
            mean *= fault.noise_factor(frames)
        hits = (
            noise_hits(subsystem, mean, rng)
            .extended(beam_hits(subsystem, interactions, rng))
            .inside(n_frames)
        )
        thin = Thin(fault_rng, self.scale * TF_S)
        for fault in faults:
            hits = fault.apply(hits, subsystem, frames, thin)
        return hits


def _rng(*entropy: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


def _filled_before(crossing: int) -> int:
    """Filled bunches that have passed before a crossing, counted from the start of all orbits."""
    orbit, bunch = divmod(crossing, BUNCHES_PER_ORBIT)
    return orbit * FILLED_BUNCHES + min(bunch, FILLED_BUNCHES)


def _packed(hits: HitColumns, subsystem: Detector) -> NDArray[np.uint64]:
    adc = np.clip(np.rint(hits.adc), 0, subsystem.adc_end - 1).astype(np.uint16)
    # Both are powers of two, and masks are several times quicker than division.
    crossing = (hits.time & (TICKS_PER_TF - 1)) // FINE_PER_BC
    return pack_hits(adc, hits.channel, hits.time & (FINE_PER_BC - 1), crossing)


def _sort_banks(content: Content) -> None:
    start = 0
    for end in content.bank_ends.ravel().tolist():
        if end - start > 1:
            content.hits[start:end].sort()
        start = end
