"""Sampling: the asked fraction, in the asked shape, and the same frames everywhere."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.fastmon.hashing import uniform
from swf_testbed.fastmon.policies import StfFrames
from swf_testbed.fastmon.sampling import Sample, SamplingConfig, choose, parse_sampling
from swf_testbed.model.detectors import detector
from swf_testbed.model.errors import BadInput
from swf_testbed.model.states import PHYSICS, STANDBY

RUN = 100_010


def sample(*policies: dict[str, Any], first_tf: int = 3000, count: int = 1000, **more: Any) -> Sample:
    config = parse_sampling({"policies": list(policies), **more}) if policies else SamplingConfig()
    return choose(config, StfFrames.complete(RUN, first_tf, count))


def chosen(picked: Sample) -> np.ndarray:
    return np.concatenate(picked.blocks)


def test_the_default_is_seven_contiguous_blocks_of_five_percent_in_all() -> None:
    picked = sample()
    assert [len(block) for block in picked.blocks] == [7, 7, 7, 8, 7, 7, 7]
    for part, block in enumerate(picked.blocks):
        assert (np.diff(block) == 1).all()
        assert 3000 + part * 1000 // 7 <= block[0]
        assert block[-1] < 3000 + (part + 1) * 1000 // 7
    assert picked.report(2) == {
        "policy": "blocks",
        "fraction": 0.05,
        "seed": 0,
        "accepted": 50,
        "evaluated": 1000,
        "part": 2,
        "parts": [7, 7, 7, 8, 7, 7, 7],
    }


def test_blocks_wander_over_their_part_from_stf_to_stf() -> None:
    starts = np.array([sample(first_tf=number * 1000).blocks[3][0] % 1000 for number in range(200)])
    low, high = 3 * 1000 // 7, 4 * 1000 // 7 - 8
    assert low <= starts.min() < low + 10
    assert high - 10 < starts.max() <= high
    assert len(np.unique(starts)) > 80


@given(
    first_tf=st.integers(0, 2**50),
    count=st.integers(1, 3000),
    blocks=st.integers(1, 40),
    fraction=st.floats(0.001, 1),
)
def test_blocks_keep_their_promise_for_any_file(
    first_tf: int, count: int, blocks: int, fraction: float
) -> None:
    picked = sample(
        {"kind": "blocks", "blocks": blocks, "fraction": fraction}, first_tf=first_tf, count=count
    )
    everything = chosen(picked)
    wanted = min(blocks, count)
    assert len(picked.blocks) == wanted
    assert all((np.diff(block) == 1).all() for block in picked.blocks)
    assert len(np.unique(everything)) == picked.accepted
    assert everything.min() >= first_tf
    assert everything.max() < first_tf + count
    assert abs(picked.accepted - count * fraction) <= wanted + 1


def test_fraction_takes_its_share_without_pattern() -> None:
    picked = sample({"kind": "fraction", "fraction": 0.1}, count=100_000)
    assert picked.accepted == pytest.approx(10_000, abs=5 * 95)
    gaps = np.diff(chosen(picked))
    assert (gaps == 1).mean() == pytest.approx(0.1, abs=0.02)


def test_every_n_and_consecutive_follow_the_frame_number() -> None:
    assert chosen(sample({"kind": "every_n", "n": 100, "offset": 7})).tolist() == list(range(3007, 4000, 100))
    runs = chosen(sample({"kind": "consecutive", "n": 3, "of": 500}))
    assert runs.tolist() == [3000, 3001, 3002, 3500, 3501, 3502]


def test_volume_looks_at_the_chosen_subsystems_of_the_index() -> None:
    hits = np.full((10, 16), 5)
    hits[4, detector("drich").id] = 500
    hits[6, detector("hpdirc").id] = 500
    frames = StfFrames.complete(RUN, 0, 10, slot_hits=hits, slot_bytes=hits * 8)

    def busy(**more: Any) -> list[int]:
        config = parse_sampling({"policies": [{"kind": "volume", **more}]})
        return [int(tf) for block in choose(config, frames).blocks for tf in block]

    assert busy(quantity="hits", minimum=100, detectors=["drich"]) == [4]
    assert busy(quantity="hits", minimum=100) == [4, 6]
    assert busy(minimum=4000) == [4, 6]
    assert busy(maximum=16 * 40) == [0, 1, 2, 3, 5, 7, 8, 9]
    with pytest.raises(BadInput, match="needs the index"):
        sample({"kind": "volume"})


def test_state_takes_files_of_its_states_only() -> None:
    def taken(states: list[str], state: Any) -> int:
        config = parse_sampling({"policies": [{"kind": "state", "states": states}]})
        return choose(config, StfFrames.complete(RUN, 0, 10, state=state)).accepted

    assert taken(["run/physics"], PHYSICS) == 10
    assert taken(["run"], STANDBY) == 10
    assert taken(["run/physics"], STANDBY) == 0
    assert taken(["run/physics"], None) == 0


def test_all_policies_must_accept() -> None:
    blocks, even = {"kind": "blocks", "fraction": 0.2}, {"kind": "every_n", "n": 2}
    both = sample(blocks, even)
    assert set(chosen(both)) == set(chosen(sample(blocks))) & set(chosen(sample(even)))
    assert both.policy == "blocks+every_n"
    assert len(both.blocks) == 7


def test_scattered_frames_go_into_one_file_for_each_part() -> None:
    picked = sample({"kind": "fraction", "fraction": 0.1}, files=4)
    assert len(picked.blocks) == 4
    assert all(block[0] // 250 == block[-1] // 250 for block in picked.blocks)


def test_frames_that_were_lost_change_nothing_for_the_others() -> None:
    whole = chosen(sample())
    there = np.delete(np.arange(3000, 4000), whole[10] - 3000)
    picked = choose(SamplingConfig(), StfFrames(RUN, 3000, 1000, there))
    assert chosen(picked).tolist() == np.delete(whole, 10).tolist()
    assert (picked.accepted, picked.evaluated) == (49, 999)


def test_seed_run_and_policy_make_a_difference_and_a_frame_does_not_know_its_file() -> None:
    policy = {"kind": "fraction", "fraction": 0.1}
    here = chosen(sample(policy, count=2000))
    assert not np.array_equal(here, chosen(sample(policy, count=2000, seed=1)))
    other = choose(parse_sampling({"policies": [policy]}), StfFrames.complete(RUN + 1, 3000, 2000))
    assert not np.array_equal(here, chosen(other))
    halves = [chosen(sample(policy)), chosen(sample(policy, first_tf=4000))]
    assert np.array_equal(here, np.concatenate(halves))


def test_another_process_picks_the_same_frames() -> None:
    script = (
        "import numpy as np\n"
        "from swf_testbed.fastmon.sampling import SamplingConfig, choose\n"
        "from swf_testbed.fastmon.policies import StfFrames\n"
        f"print(*np.concatenate(choose(SamplingConfig(), StfFrames.complete({RUN}, 3000, 1000)).blocks))\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [int(word) for word in said.stdout.split()] == chosen(sample()).tolist()


def test_the_choice_is_the_same_in_every_version() -> None:
    """Golden values: what one version sampled, another must find again."""
    assert [int(block[0]) for block in sample().blocks] == GOLDEN_STARTS
    assert uniform("fraction", 1, 2, np.array([0, 1])) == pytest.approx(GOLDEN_NUMBERS, abs=1e-15)


GOLDEN_STARTS = [3036, 3264, 3288, 3462, 3624, 3805, 3941]
GOLDEN_NUMBERS = [0.8203400996475183, 0.8317787932870209]


def test_the_random_numbers_are_even_and_independent() -> None:
    numbers = uniform("fraction", 0, RUN, np.arange(100_000))
    assert np.histogram(numbers, 20, (0, 1))[0] == pytest.approx(np.full(20, 5000), abs=5 * 70)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.015


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"policies": []}, r"sampling.policies"),
        ({"policies": [{"kind": "luck"}]}, r"sampling.policies\[0\]"),
        ({"policies": [{"kind": "fraction", "fraction": 1.5}]}, r"fraction = 1.5: .*less than or equal to 1"),
        ({"policies": [{"kind": "every_n", "n": 0}]}, r"n = 0"),
        ({"policies": [{"kind": "consecutive", "n": 3, "of": 2}]}, r"n \(3\) must be at most of \(2\)"),
        ({"policies": [{"kind": "volume", "detectors": ["drihc"]}]}, r"'drihc' must be one of"),
        ({"policies": [{"kind": "state", "states": ["running"]}]}, r"'running': state must be one of"),
        ({"policies": [{"kind": "state", "states": ["run/ready"]}]}, r"'run/ready': substate with state run"),
        ({"files": 0}, r"sampling.files = 0"),
        ({"fraktion": 0.1}, r"sampling.fraktion"),
    ],
)
def test_a_wrong_configuration_is_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_sampling(table)
