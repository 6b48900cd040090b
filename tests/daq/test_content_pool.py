"""Recycled content keeps the bunch pattern, the order and the volume of what it was made from."""

import numpy as np
import pytest

from swf_testbed.daq.anomalies import parse_anomalies
from swf_testbed.daq.content import Content, ContentGenerator
from swf_testbed.daq.content_pool import ContentPool
from swf_testbed.model.detectors import BC_PER_TF, BUNCHES_PER_ORBIT, FILLED_BUNCHES, beam, detector
from swf_testbed.model.errors import BadInput
from swf_testbed.stf.layout import crossing

HPDIRC = detector("hpdirc").id


def pool(frames: int = 10) -> ContentPool:
    return ContentPool(ContentGenerator(7, 0.01, beam("18x275")), 100_010, frames)


def bunch_pattern(content: Content) -> np.ndarray:
    pattern = np.zeros(BUNCHES_PER_ORBIT, np.int64)
    for frame in range(content.n_frames):
        when = crossing(content.bank(frame, HPDIRC)).astype(np.int64)
        bunch = (when + (content.first_tf + frame) * BC_PER_TF) % BUNCHES_PER_ORBIT
        pattern += np.bincount(bunch, minlength=BUNCHES_PER_ORBIT)
    return pattern


@pytest.mark.parametrize("first_tf", [0, 5000, 77_777])
def test_the_abort_gap_stays_where_it_belongs(first_tf: int) -> None:
    pattern = bunch_pattern(pool().generate(first_tf, 200))
    gap, filled = pattern[FILLED_BUNCHES + 2 :].mean(), pattern[:FILLED_BUNCHES].mean()
    fresh = bunch_pattern(ContentGenerator(7, 0.01, beam("18x275")).generate(1, first_tf, 200))
    assert gap / filled == pytest.approx(
        fresh[FILLED_BUNCHES + 2 :].mean() / fresh[:FILLED_BUNCHES].mean(), rel=0.15
    )


def test_banks_stay_sorted_and_frames_are_not_copies() -> None:
    content = pool().generate(1000, 40)
    for frame in range(40):
        words = content.bank(frame, HPDIRC)
        assert (words[1:] >= words[:-1]).all()
    assert not np.array_equal(content.bank(0, HPDIRC), content.bank(10, HPDIRC))
    assert len(content.bank(0, HPDIRC)) == len(content.bank(10, HPDIRC))


def test_the_same_frames_come_again_and_batches_join() -> None:
    one, other = pool(), pool()
    other.generate(1, 5)
    assert np.array_equal(one.generate(300, 20).hits, other.generate(300, 20).hits)
    batches = list(one.batches(100_010, 300, 20))
    assert np.array_equal(np.concatenate([batch.hits for batch in batches]), one.generate(300, 20).hits)


def test_what_a_pool_cannot_do_is_refused() -> None:
    faults = parse_anomalies([{"kind": "noise", "detector": "drich", "factor": 2}])
    with pytest.raises(BadInput, match="must be none with recycled content"):
        ContentPool(ContentGenerator(7, 0.01, None, anomalies=faults), 1)
    with pytest.raises(BadInput, match="pool frames = 0"):
        ContentPool(ContentGenerator(7, 0.01, None), 1, 0)
