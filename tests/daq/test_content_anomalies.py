"""Every anomaly is seen in its own subsystem and window, and nowhere else."""

from typing import Any

import numpy as np
import pytest

from swf_testbed.daq.anomalies import missing_stf, parse_anomalies
from swf_testbed.daq.content import TF_S, Content, ContentGenerator
from swf_testbed.model.detectors import (
    BC_PER_TF,
    BUNCHES_PER_ORBIT,
    FILLED_BUNCHES,
    beam,
    detector,
)
from swf_testbed.model.errors import BadInput
from swf_testbed.stf.layout import adc, channel

FRAMES = 400
FIRST = 2000
HERE = detector("hpdirc")
# A few subsystems are enough to see that a fault stays in its own.
SUBSYSTEMS = (HERE, detector("svt_inner"), detector("drich"), detector("far_forward"))
SLOT = 0


def content(*faults: dict[str, Any]) -> Content:
    anomalies = parse_anomalies(faults)
    return ContentGenerator(7, 0.01, beam("18x275"), SUBSYSTEMS, anomalies).generate(100_010, FIRST, FRAMES)


@pytest.fixture(scope="module")
def healthy() -> Content:
    return content()


def columns(made: Content, first: int = 0, last: int = FRAMES) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channel, ADC and time (ticks since the first frame) of HERE in some frames."""
    banks = [made.bank(frame, SLOT) for frame in range(first, last)]
    words = np.concatenate(banks)
    frame = np.repeat(np.arange(first, last), [len(bank) for bank in banks])
    time = (words >> np.uint64(40)).astype(np.int64) + (frame << 24)
    return channel(words).astype(np.int64), adc(words).astype(np.int64), time


def others_are_untouched(made: Content, healthy: Content) -> bool:
    return all(
        np.array_equal(made.bank(frame, slot), healthy.bank(frame, slot))
        for slot in range(len(SUBSYSTEMS))
        if slot != SLOT
        for frame in range(0, FRAMES, 7)
    )


def fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "detector": HERE.name, "first_tf": FIRST + 100, "last_tf": FIRST + 299, **more}


EVERY = [
    fault("dead_units", units=[3, 5]),
    fault("hot_channels", channels=[77], rate_hz=1e6),
    fault("gain", factor=1.2),
    fault("gain", factor=1.2, drift=True),
    fault("time_offset", offset_ns=2.0),
    fault("bunch_shift", crossings=40),
    fault("noise", factor=3.0),
    fault("missing_bank"),
    fault("corrupted_bank"),
]


@pytest.mark.parametrize("entry", EVERY, ids=lambda entry: entry["kind"])
def test_other_subsystems_are_as_they_were_bit_for_bit(entry: dict[str, Any], healthy: Content) -> None:
    made = content(entry)
    assert others_are_untouched(made, healthy)
    assert not (np.array_equal(made.hits, healthy.hits) and np.array_equal(made.corrupt, healthy.corrupt)), (
        "the fault is not seen at all"
    )
    assert np.array_equal(made.hits, content(entry).hits)


def test_dead_units_send_nothing_in_the_window(healthy: Content) -> None:
    made = content(fault("dead_units", units=[3, 5]))
    inside = columns(made, 100, 300)[0] // HERE.channels_per_unit
    assert not np.isin(inside, [3, 5]).any()
    assert np.isin(columns(healthy, 100, 300)[0] // HERE.channels_per_unit, [3, 5]).sum() > 500
    for first, last in ((0, 100), (300, FRAMES)):
        assert np.array_equal(columns(made, first, last)[0], columns(healthy, first, last)[0])


def test_hot_channels_fire_at_their_rate(healthy: Content) -> None:
    made = content(fault("hot_channels", channels=[77, 5000], rate_hz=1e6))
    wanted = 1e6 * 0.01 * TF_S * 200
    for hot in (77, 5000):
        more = (columns(made)[0] == hot).sum() - (columns(healthy)[0] == hot).sum()
        assert more == pytest.approx(wanted, abs=6 * np.sqrt(wanted))
    assert made.counts[:100].sum() == healthy.counts[:100].sum()


def test_gain_shift_moves_amplitudes_above_pedestal(healthy: Content) -> None:
    made = content(fault("gain", factor=1.2))
    mean = columns(made, 100, 300)[1].mean() - HERE.pedestal
    assert mean / (columns(healthy, 100, 300)[1].mean() - HERE.pedestal) == pytest.approx(1.2, abs=0.02)
    assert np.array_equal(columns(made, 0, 100)[1], columns(healthy, 0, 100)[1])


def test_gain_drift_grows_over_the_window(healthy: Content) -> None:
    made = content(fault("gain", factor=1.5, drift=True))

    def factor(first: int) -> float:
        pair = [columns(one, first, first + 20)[1].mean() - HERE.pedestal for one in (made, healthy)]
        return float(pair[0] / pair[1])

    assert factor(100) == pytest.approx(1.025, abs=0.02)
    assert factor(190) == pytest.approx(1.25, abs=0.03)
    assert factor(280) == pytest.approx(1.475, abs=0.03)
    assert factor(300) == 1.0


def test_time_offset_and_bunch_shift_move_times(healthy: Content) -> None:
    late, shifted = content(fault("time_offset", offset_ns=2.0)), content(fault("bunch_shift", crossings=40))
    before = columns(healthy, 110, 290)[2]
    assert np.isin(before + 50, columns(late)[2]).all()
    assert np.isin(before + 40 * 256, columns(shifted)[2]).all()
    crossing = columns(shifted, 110, 290)[2] // 256
    bunch = (crossing + FIRST * BC_PER_TF) % BUNCHES_PER_ORBIT
    pattern = np.bincount(bunch, minlength=BUNCHES_PER_ORBIT)
    assert pattern[:38].mean() < 0.6 * pattern[41:FILLED_BUNCHES].mean()
    assert pattern[FILLED_BUNCHES : FILLED_BUNCHES + 38].mean() > 0.8 * pattern[41:FILLED_BUNCHES].mean()


def test_noise_is_multiplied_in_the_window(healthy: Content) -> None:
    made = content(fault("noise", factor=3.0))
    noise = HERE.noise_hz * HERE.channels * 0.01 * TF_S * 200
    more = made.counts[100:300, SLOT].sum() - healthy.counts[100:300, SLOT].sum()
    assert more == pytest.approx(2 * noise, rel=0.1)


def test_missing_banks_are_absent_and_empty(healthy: Content) -> None:
    made = content(fault("missing_bank"))
    assert not made.present[100:300, SLOT].any()
    assert made.present.sum() == made.present.size - 200
    assert made.counts[100:300, SLOT].sum() == 0
    assert made.counts[99, SLOT] == healthy.counts[99, SLOT]


def test_corrupted_banks_are_named_and_their_hits_are_as_they_were(healthy: Content) -> None:
    made = content(fault("corrupted_bank", fraction=0.25))
    assert 20 < made.corrupt[:, SLOT].sum() < 80
    assert made.corrupt.sum() == made.corrupt[100:300, SLOT].sum()
    assert np.array_equal(made.hits, healthy.hits)


def test_a_window_in_seconds_counts_from_the_start_of_the_run() -> None:
    entry = {"kind": "missing_bank", "detector": HERE.name, "start_s": 10.0, "end_s": 10.1}
    generator = ContentGenerator(7, 0.004, None, SUBSYSTEMS, parse_anomalies([entry]))
    made = generator.generate(1, 0, 300, start_s=9.95)
    off = np.flatnonzero(~made.present[:, SLOT])
    assert off[0] == np.ceil(0.05 / TF_S)
    assert off[-1] == np.ceil(0.15 / TF_S) - 1
    assert generator.generate(1, 0, 300).present.all()


def test_missing_stfs_by_sequence_and_by_window() -> None:
    faults = parse_anomalies(
        [{"kind": "missing_stf", "sequences": [3]}, {"kind": "missing_stf", "start_s": 8, "end_s": 10}]
    )
    lost = [
        sequence for sequence in range(1, 9) if missing_stf(faults, sequence, sequence * 1000, sequence * 2.0)
    ]
    assert lost == [3, 4]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "rain"}, "anomalies"),
        (
            {"kind": "noise", "detector": "drihc", "factor": 2},
            r"anomalies\[0\].detector = 'drihc': must be one of",
        ),
        ({"kind": "noise", "detector": "drich"}, r"factor.*required"),
        ({"kind": "noise", "detector": "drich", "factor": "x"}, r"factor = 'x'"),
        ({"kind": "noise", "detector": "drich", "factor": 2, "colour": 1}, "colour"),
        ({"kind": "noise", "detector": "drich", "factor": 2, "start_s": 4, "end_s": 3}, "before it starts"),
        ({"kind": "noise", "detector": "drich", "factor": 2, "start_s": 4, "last_tf": 9}, "not in both"),
        ({"kind": "noise", "detector": "drich", "factor": float("nan")}, "factor = nan"),
        (
            {"kind": "dead_units", "detector": "eeemcal", "units": [92]},
            r"units = 92: eeemcal has units 0 to 91",
        ),
        ({"kind": "dead_units", "detector": "eeemcal", "units": []}, "units"),
        (
            {"kind": "hot_channels", "detector": "eeemcal", "channels": [2852], "rate_hz": 1},
            "channels 0 to 2851",
        ),
        ({"kind": "gain", "detector": "drich", "factor": 2, "drift": True}, "needs the end of its window"),
        ({"kind": "missing_stf"}, "needs sequences or a window"),
        ("noise", r"anomalies\[0\]"),
    ],
)
def test_a_wrong_entry_is_named(entry: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_anomalies([entry])
