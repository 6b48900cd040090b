"""Which files and frames the fast monitoring agent takes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from swf_testbed.agents.fastmon.sampling import is_selected
from swf_testbed.config.fastmon import Fastmon
from swf_testbed.config.parameters import Parameters
from swf_testbed.fastmon.policies import BlocksPolicy
from swf_testbed.fastmon.sampling import sampling_config


def fraction_of(parameters: Parameters, unannounced: float | None = None) -> float:
    (policy,) = sampling_config(parameters, unannounced).policies
    assert isinstance(policy, BlocksPolicy)
    return policy.fraction


def test_the_fraction_of_frames_is_the_one_said_or_else_that_of_the_mode() -> None:
    said = Parameters(fastmon=Fastmon(selection_fraction=0.3))
    assert fraction_of(Parameters()) == 0.05
    assert fraction_of(Parameters(), 0.1) == 0.1
    assert fraction_of(said) == fraction_of(said, 0.1) == 0.3


def test_a_tenth_of_the_files_begins_with_the_first() -> None:
    assert [number for number in range(1, 41) if is_selected(number, 0.1)] == [1, 11, 21, 31]
    assert all(is_selected(number, 1.0) for number in range(1, 100))


@given(fraction=st.floats(0.001, 1), count=st.integers(1, 300))
def test_the_selected_files_are_the_fraction_spread_evenly(fraction: float, count: int) -> None:
    selected = [number for number in range(1, count + 1) if is_selected(number, fraction)]
    assert selected[0] == 1
    assert count * fraction - 1e-9 <= len(selected) < count * fraction + 1
    gaps = {later - earlier for earlier, later in itertools.pairwise(selected)}
    assert not gaps or max(gaps) - min(gaps) <= 1
