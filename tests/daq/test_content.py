"""What the generator makes: rates, times, sizes, and the same again when asked again."""

import numpy as np
import pytest

from swf_testbed.daq.content import TF_S, Content, ContentGenerator
from swf_testbed.model.detectors import (
    BC_NS,
    BC_PER_TF,
    BUNCHES_PER_ORBIT,
    FILLED_BUNCHES,
    FINE_PER_BC,
    Detector,
    Spectrum,
    beam,
    beams,
    detector,
    detectors,
)
from swf_testbed.model.errors import BadInput
from swf_testbed.stf.layout import adc, channel, crossing, fine

LAPTOP = 0.004
RUN = 100_010


def made(scale: float = LAPTOP, frames: int = 400, *, first_tf: int = 1000, seed: int = 7) -> Content:
    return ContentGenerator(seed, scale, beam("18x275")).generate(RUN, first_tf, frames)


def slot_hits(content: Content, slot: int) -> np.ndarray:
    return np.concatenate([content.bank(frame, slot) for frame in range(content.n_frames)])


def bunches(content: Content, slot: int) -> np.ndarray:
    bc0 = (content.first_tf + np.arange(content.n_frames)) * BC_PER_TF
    found = crossing(slot_hits(content, slot)).astype(np.int64)
    return (np.repeat(bc0, content.counts[:, slot]) + found) % BUNCHES_PER_ORBIT


def same(one: Content, other: Content) -> bool:
    return bool(np.array_equal(one.hits, other.hits) and np.array_equal(one.counts, other.counts))


def silent(subsystem: Detector) -> Detector:
    changes = {name: getattr(subsystem, name) for name in subsystem.__slots__}
    return Detector(**{**changes, "noise_hz": 0.0})


def test_the_table_has_the_sixteen_subsystems_in_their_order() -> None:
    assert [entry.id for entry in detectors()] == list(range(16))
    assert sum(entry.channels for entry in detectors()) == 7_925_812
    assert detector("drich").units == 1248
    assert {name: setting.dis for name, setting in beams().items()} == {"18x275": 500e3, "10x100": 184e3}
    with pytest.raises(BadInput, match=r"detector = 'drihc': must be one of svt_inner"):
        detector("drihc")
    with pytest.raises(BadInput, match=r"beam = '5x41': must be one of 18x275, 10x100"):
        beam("5x41")


def test_a_laptop_stf_is_about_ten_megabytes_and_full_scale_2_7_a_frame() -> None:
    size = made(frames=1000).hits.nbytes
    assert 9.5e6 < size < 11.5e6
    full_frame = ContentGenerator(1, 1.0, beam("18x275")).mean_hits * 8
    assert full_frame == pytest.approx(2.7e6, rel=0.02)
    assert made(1.0, 3).hits.nbytes / 3 == pytest.approx(full_frame, rel=0.03)


def test_hits_of_every_subsystem_agree_with_the_table() -> None:
    content = made(0.02, 300)
    setting = beam("18x275")
    for slot, here in enumerate(detectors()):
        noise = here.noise_hz * here.channels
        physics = sum(r * h for r, h in zip(setting.rates(), here.hits_per_interaction(), strict=True))
        wanted = (noise + physics) * 0.02 * TF_S * 300
        # Clusters and shared interactions make counts fluctuate more than Poisson.
        allowed = 6 * np.sqrt(wanted * 30) + 10
        assert abs(int(content.counts[:, slot].sum()) - wanted) < allowed, here.name


def test_scale_thins_linearly() -> None:
    small, large = made(0.004, 600).counts.sum(axis=0), made(0.016, 600).counts.sum(axis=0)
    assert large / small == pytest.approx(np.full(16, 4.0), rel=0.15)
    assert large.sum() / small.sum() == pytest.approx(4.0, rel=0.02)


def test_frames_fluctuate_from_one_to_the_next() -> None:
    totals = made().counts.sum(axis=1)
    assert totals.std() >= 0.9 * np.sqrt(totals.mean())


def test_hits_are_in_bounds_and_in_time_order() -> None:
    content = made()
    for slot, here in enumerate(detectors()):
        words = slot_hits(content, slot)
        assert int(channel(words).max()) < here.channels
        assert int(adc(words).max()) < here.adc_end
        for frame in range(0, content.n_frames, 50):
            bank = content.bank(frame, slot)
            assert (bank[1:] >= bank[:-1]).all()
    assert content.counts.sum() == len(content.hits)


@pytest.mark.parametrize("first_tf", [0, 17, 1000, 123_457])
def test_the_abort_gap_is_empty_but_for_noise(first_tf: int) -> None:
    quiet = [silent(entry) for entry in detectors()]
    content = ContentGenerator(3, LAPTOP, beam("18x275"), quiet).generate(RUN, first_tf, 200)
    for slot, here in enumerate(quiet):
        # A late hit of the last filled bunch may be counted in the crossings that follow.
        late = int((abs(here.time_offset_ns) + 6 * here.time_resolution_ns) / BC_NS) + 1
        found = bunches(content, slot)
        assert len(found) > 500
        assert not ((found >= FILLED_BUNCHES + late) & (found < BUNCHES_PER_ORBIT - late)).any(), here.name


def test_all_filled_bunches_are_served_alike() -> None:
    found = bunches(made(0.02, 300), detector("svt_inner").id)
    filled = np.bincount(found, minlength=BUNCHES_PER_ORBIT)[:FILLED_BUNCHES].reshape(20, -1).sum(axis=1)
    assert filled / filled.mean() == pytest.approx(np.ones(20), abs=0.08)


def test_without_beam_there_is_noise_alone_in_the_gap_as_elsewhere() -> None:
    content = ContentGenerator(3, LAPTOP, None).generate(RUN, 0, 400)
    found = bunches(content, detector("drich").id)
    gap = (found >= FILLED_BUNCHES).mean()
    assert gap == pytest.approx(1 - FILLED_BUNCHES / BUNCHES_PER_ORBIT, abs=0.005)
    assert content.counts.sum() < made().counts.sum()


@pytest.mark.parametrize("name", ["btof", "hpdirc", "far_forward"])
def test_fine_time_peaks_at_the_offset_with_the_resolution(name: str) -> None:
    here = silent(detector(name))
    content = ContentGenerator(5, 0.02, beam("18x275"), [here]).generate(RUN, 0, 200)
    times = fine(content.hits) * (BC_NS / FINE_PER_BC)
    assert np.median(times) == pytest.approx(here.time_offset_ns, abs=0.05)
    assert times.std() == pytest.approx(np.hypot(here.time_resolution_ns, 0.0115), rel=0.05)


@pytest.mark.parametrize(
    ("name", "spectrum"), [("mpgd", "exponential"), ("btof", "moyal"), ("drich", "photoelectron")]
)
def test_spectra_have_their_shape_above_the_pedestal(name: str, spectrum: str) -> None:
    here = silent(detector(name))
    assert here.spectrum is Spectrum(spectrum)
    content = ContentGenerator(5, 0.02, beam("18x275"), [here]).generate(RUN, 0, 200)
    signal = (adc(content.hits).astype(float) - here.pedestal) / here.scale
    if spectrum == "exponential":
        assert np.median(signal) == pytest.approx(np.log(2), rel=0.03)
    elif spectrum == "moyal":
        assert np.median(signal) == pytest.approx(1 + 0.787 / 5, rel=0.02)
        assert (signal > 1.6).mean() > 0.03
    else:
        singles = (np.abs(signal - 1) < 0.5).mean()
        assert singles == pytest.approx(np.exp(-0.25), abs=0.02)
        assert (np.abs(signal - 1.5) < 0.1).mean() < 0.02


def test_an_interaction_is_seen_by_several_subsystems_in_one_crossing() -> None:
    quiet = [silent(detector(name)) for name in ("hpdirc", "pfrich")]
    content = ContentGenerator(5, LAPTOP, beam("10x100"), quiet).generate(RUN, 0, 100)
    shared = sum(
        len(np.intersect1d(crossing(content.bank(frame, 0)), crossing(content.bank(frame, 1))))
        for frame in range(100)
    )
    assert shared > 100


def test_clusters_are_neighbouring_channels() -> None:
    here = silent(detector("lfhcal"))
    content = ContentGenerator(5, LAPTOP, beam("18x275"), [here]).generate(RUN, 0, 200)
    some = np.sort(channel(content.hits)[:500])
    assert (np.diff(some) == 1).mean() > 0.3


def test_the_same_call_gives_the_same_bits_whatever_was_asked_before() -> None:
    used = ContentGenerator(7, LAPTOP, beam("18x275"))
    used.generate(RUN, 5000, 10)
    used.generate(RUN + 1, 1000, 400)
    assert same(used.generate(RUN, 1000, 400), made())


@pytest.mark.parametrize("other", [{"seed": 8}, {"first_tf": 1001}])
def test_seed_and_frame_make_a_difference(other: dict[str, int]) -> None:
    assert not same(made(frames=20), made(frames=20, **other))
    one = ContentGenerator(7, LAPTOP, beam("18x275"))
    assert not same(one.generate(RUN, 1000, 20), one.generate(RUN + 1, 1000, 20))


def test_batches_are_whole_and_bounded() -> None:
    generator = ContentGenerator(7, 4.0, beam("18x275"))
    batches = list(generator.batches(RUN, 100, 7))
    assert [batch.first_tf for batch in batches] == [100, 102, 104, 106]
    assert max(batch.hits.nbytes for batch in batches) < 64e6
    assert len(list(ContentGenerator(7, LAPTOP, None).batches(RUN, 0, 1000))) == 1


@pytest.mark.parametrize(
    ("seed", "scale", "message"),
    [
        (-1, 0.1, "seed = -1"),
        (1, 0.0, "scale = 0.0"),
        (1, 5.0, "at most 4"),
        (1, float("nan"), "scale = nan"),
    ],
)
def test_bad_arguments_are_named(seed: int, scale: float, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ContentGenerator(seed, scale, None)
