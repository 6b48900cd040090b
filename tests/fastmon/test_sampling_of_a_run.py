"""How a run is sampled by what its parameters say: by stream, by subsystem, and after changes."""

from typing import Any

import numpy as np
import pytest

from swf_testbed.config.fastmon import SAMPLING, Fastmon, StreamSampling
from swf_testbed.config.parameters import FastProcessing, Parameters
from swf_testbed.fastmon.policies import (
    BlocksPolicy,
    ConsecutivePolicy,
    EveryNPolicy,
    FractionPolicy,
    StfFrames,
    VolumePolicy,
)
from swf_testbed.fastmon.sampling import (
    Sample,
    SamplingConfig,
    changed,
    choose,
    of_stream,
    parse_sampling,
    sampling_config,
)
from swf_testbed.model.detectors import detectors
from swf_testbed.model.errors import BadInput
from swf_testbed.model.states import PHYSICS, STANDBY, DaqState

EVERY = {"kind": "every_n", "n": 100}
BUSY = {"kind": "volume", "minimum": 90, "detectors": ["drich"]}
SIDE = StreamSampling(policies=(EVERY,), seed=9)
RUN = Fastmon(
    selection_fraction=0.2, tf_files_per_stf=3, subsystems={"drich": (BUSY,)}, seed=4, streams={"side": SIDE}
)


def blocks(number: int, fraction: float) -> tuple[BlocksPolicy]:
    return (BlocksPolicy(kind="blocks", blocks=number, fraction=fraction),)


def parameters(fastmon: Fastmon = RUN) -> Parameters:
    return Parameters(fastmon=fastmon, fast_processing=FastProcessing(stf_sampling_rate=0.07))


BUSY_POLICY = VolumePolicy(kind="volume", minimum=90, detectors=("drich",))
BY_BLOCKS = SamplingConfig(policies=blocks(3, 0.2), subsystems={"drich": (BUSY_POLICY,)}, files=3, seed=4)


@pytest.mark.parametrize(
    ("said", "more", "wanted"),
    [
        (RUN, {}, BY_BLOCKS),
        (RUN, {"fraction": 0.5, "stream": "calibration"}, BY_BLOCKS),
        (
            RUN,
            {"stream": "side"},
            SamplingConfig(
                policies=(EveryNPolicy(kind="every_n", n=100),),
                subsystems={"drich": (BUSY_POLICY,)},
                files=3,
                seed=9,
            ),
        ),
        (Fastmon(), {}, SamplingConfig(policies=blocks(7, 0.07), files=7, seed=1)),
        (Fastmon(), {"fraction": 0.5}, SamplingConfig(policies=blocks(7, 0.5), files=7, seed=1)),
    ],
    ids=["by blocks", "as nothing else is said", "a stream by itself", "by default", "by the mode"],
)
def test_a_stream_is_sampled_as_its_run_says_or_it_itself(
    said: Fastmon, more: dict[str, Any], wanted: SamplingConfig
) -> None:
    assert sampling_config(parameters(said), **more) == wanted


def test_what_a_stream_does_not_say_is_as_for_the_others() -> None:
    assert of_stream(RUN, "main") == RUN
    own = of_stream(RUN, "side")
    assert (own.policies, own.seed, own.tf_files_per_stf, own.selection_fraction) == ((EVERY,), 9, 3, 0.2)


def test_a_configuration_is_named_by_what_it_does() -> None:
    assert sampling_config(parameters()).name == "blocks|drich:volume"
    both = {"policies": [{"kind": "fraction", "fraction": 0.5}, EVERY], "subsystems": {"mpgd": [EVERY, BUSY]}}
    assert parse_sampling(both).name == "fraction+every_n|mpgd:every_n+volume"


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ([], RUN),
        ([{"seed": 5}], RUN.model_copy(update={"seed": 5})),
        (
            [{"seed": 5, "selection_fraction": 0.3}, {"seed": None}],
            RUN.model_copy(update={"selection_fraction": 0.3}),
        ),
        ([{"seed": 5}, {"seed": 6}], RUN.model_copy(update={"seed": 6})),
        ([{"policies": [EVERY]}], RUN.model_copy(update={"policies": (EVERY,)})),
        ([{"selection_fraction": 0.3}, {"selection_fraction": None}], RUN),
        ([{"streams": {}}], RUN.model_copy(update={"streams": {}})),
    ],
    ids=["none", "one", "taken back", "twice", "policies", "as the run began", "streams"],
)
def test_changes_follow_one_another_and_none_is_as_the_run_began(
    changes: list[dict[str, Any]], wanted: Fastmon
) -> None:
    began = parameters()
    assert changed(began, changes) == parameters(wanted)
    assert began == parameters()


@pytest.mark.parametrize(
    ("change", "field", "value", "allowed"),
    [
        ({"plugins": []}, "plugins", [], "must be one of " + ", ".join(SAMPLING)),
        ({"seed": -1}, "fastmon.seed", -1, "Input should be greater than or equal to 0"),
        (
            {"policies": [{"kind": "every_n", "n": 0}]},
            "fastmon.policies[0].every_n.n",
            0,
            "Input should be greater than or equal to 1",
        ),
        (
            {"streams": {"side": {"policies": [{"kind": "every_n", "n": 0}]}}},
            "fastmon.policies[0].every_n.n",
            0,
            "Input should be greater than or equal to 1",
        ),
    ],
    ids=["no sampling", "out of range", "a policy", "a stream's policy"],
)
def test_a_wrong_change_is_named(change: dict[str, Any], field: str, value: Any, allowed: str) -> None:
    with pytest.raises(BadInput) as caught:
        changed(parameters(), [{"seed": 3}, change])
    assert (caught.value.field, caught.value.value, caught.value.allowed) == (field, value, allowed)


# --- what policies choose


def frames(count: int, **more: Any) -> StfFrames:
    return StfFrames.complete(100_010, 500, count, **more)


def as_lists(sample: Sample) -> list[list[int]]:
    return [block.tolist() for block in sample.blocks]


def test_frames_of_a_complete_file_and_of_its_parts_are_numbered_from_its_first() -> None:
    made = StfFrames.complete(7, 500, 10, state=PHYSICS)
    assert (made.run, made.first_tf, made.count, made.state) == (7, 500, 10, PHYSICS)
    assert made.tf.tolist() == list(range(500, 510))
    assert (made.slot_bytes, made.slot_hits) == (None, None)
    assert made.part_edges(3).tolist() == [500, 503, 506, 510]


def test_a_sample_has_a_file_for_each_part_and_the_frames_of_each_subsystem_besides() -> None:
    hits = np.zeros((20, 3), np.int64)
    hits[[3, 7, 12], 1] = 7
    config = SamplingConfig(
        policies=(EveryNPolicy(kind="every_n", n=10), ConsecutivePolicy(kind="consecutive", n=5, of=1000)),
        subsystems={
            "svt_outer": (VolumePolicy(kind="volume", quantity="hits", minimum=7, detectors=("svt_outer",)),),
            "svt_disks": (EveryNPolicy(kind="every_n", n=20, offset=19),),
        },
        files=4,
        seed=3,
    )
    sample = choose(config, StfFrames.complete(100_010, 1000, 20, slot_hits=hits))
    assert as_lists(sample) == [[1000, 1003], [1007], [1012], [1019]]
    assert sample.report(1) == {
        "policy": "every_n+consecutive|svt_disks:every_n|svt_outer:volume",
        "fraction": 0.25,
        "seed": 3,
        "accepted": 5,
        "evaluated": 20,
        "part": 1,
        "parts": [2, 1, 1, 1],
    }
    nothing = choose(config, StfFrames(100_010, 1000, 20, np.zeros(0, np.int64), slot_hits=hits[:0]))
    assert (nothing.blocks, nothing.accepted, nothing.evaluated, nothing.fraction) == ((), 0, 0, 0.0)


def test_a_policy_counts_frames_by_their_numbers() -> None:
    made = frames(20)
    offset = EveryNPolicy(kind="every_n", n=7, offset=9)
    assert made.tf[offset.accepts(made, 0)].tolist() == [506, 513]
    first = ConsecutivePolicy(kind="consecutive", n=2, of=8)
    assert made.tf[first.accepts(made, 0)].tolist() == [504, 505, 512, 513]
    assert FractionPolicy(kind="fraction", fraction=1).accepts(made, 0).all()


@pytest.mark.parametrize(
    ("policy", "taken"),
    [
        ({}, [0, 1, 2, 3]),
        ({"minimum": 410}, [1, 2, 3]),
        ({"minimum": 411}, [2, 3]),
        ({"maximum": 410}, [0, 1]),
        ({"maximum": 409}, [0]),
        ({"minimum": 400, "detectors": ("svt_disks",)}, []),
        ({"minimum": 210, "detectors": ("svt_disks",)}, [3]),
        ({"minimum": 250, "detectors": ("svt_inner", "svt_disks")}, [2, 3]),
        ({"quantity": "hits", "maximum": 2, "detectors": ("svt_outer",)}, [0, 3]),
    ],
)
def test_a_volume_is_summed_over_the_chosen_subsystems(policy: dict[str, Any], taken: list[int]) -> None:
    """Of svt_inner, svt_outer and svt_disks; a byte each would not hold the sums."""
    nbytes = np.array([[0, 0, 0], [200, 200, 10], [100, 200, 200], [250, 250, 250]], np.uint8)
    hits = np.array([[9, 2, 9], [9, 3, 9], [9, 5, 9], [9, 1, 9]], np.uint8)
    made = frames(4, slot_bytes=nbytes, slot_hits=hits)
    found = VolumePolicy(kind="volume", **policy).accepts(made, 0)
    assert np.flatnonzero(found).tolist() == taken


@pytest.mark.parametrize(
    ("policy", "made", "error"),
    [
        ({}, frames(4), "volume = 'no index': needs the index of the file"),
        (
            {"quantity": "hits"},
            frames(1, slot_bytes=np.zeros((1, 3), int)),
            "volume = 'no index': needs the index",
        ),
        (
            {"detectors": ("mpgd",)},
            frames(1, slot_bytes=np.zeros((1, 3), int)),
            "detectors = ['mpgd']: the file has 3 slots",
        ),
    ],
    ids=["no index", "no hits", "no slot"],
)
def test_a_volume_needs_an_index_with_the_subsystems(
    policy: dict[str, Any], made: StfFrames, error: str
) -> None:
    with pytest.raises(BadInput) as caught:
        VolumePolicy(kind="volume", **policy).accepts(made, 0)
    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("states", "state", "taken"),
    [
        (["run"], PHYSICS, True),
        (["run/physics"], PHYSICS, True),
        (["no_beam", "run/standby"], STANDBY, True),
        (["run/standby"], PHYSICS, False),
        (["no_beam"], PHYSICS, False),
        (["run"], None, False),
    ],
)
def test_a_state_takes_all_frames_or_none(states: list[str], state: DaqState | None, taken: bool) -> None:
    config = parse_sampling({"policies": [{"kind": "state", "states": states}], "files": 1})
    whole = [list(range(500, 504))]
    assert as_lists(choose(config, frames(4, state=state))) == (whole if taken else [])


SUBSYSTEMS = ", ".join(one.name for one in detectors())


@pytest.mark.parametrize(
    ("table", "error"),
    [
        (
            {"policies": [{"kind": "state", "states": ["running"]}]},
            "own.policies[0].state.states = ['running']: Value error, 'running': state must be one of ",
        ),
        (
            {"policies": [{"kind": "state", "states": ["run/ready"]}]},
            "own.policies[0].state.states = ['run/ready']: Value error, 'run/ready': substate ",
        ),
        (
            {"policies": [{"kind": "volume", "detectors": ["drihc"]}]},
            "own.policies[0].volume.detectors = ['drihc']: Value error, 'drihc' must be one of " + SUBSYSTEMS,
        ),
        ({"files": 0}, "own.files = 0: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_table_is_named_by_the_one_who_read_it(table: dict[str, Any], error: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_sampling(table, "own")
    assert str(caught.value).startswith(error)
    with pytest.raises(BadInput, match=r"^sampling\."):
        parse_sampling(table)


@pytest.mark.parametrize(
    ("count", "number", "fraction", "lengths"),
    [
        (100, 4, 0.2, [5, 5, 5, 5]),
        (10, 3, 0.5, [2, 1, 2]),
        (10, 3, 0.01, [1, 1, 1]),
        (10, 3, 1.0, [3, 3, 4]),
        (20, 4, 0.25, [1, 1, 2, 1]),
        (3, 5, 0.1, [1, 1, 1]),
        (1, 5, 1.0, [1]),
    ],
)
def test_blocks_share_the_fraction_of_a_file(
    count: int, number: int, fraction: float, lengths: list[int]
) -> None:
    config = SamplingConfig(policies=blocks(number, fraction))
    sample = choose(config, StfFrames.complete(100_010, 501, count))
    assert [len(block) for block in sample.blocks] == lengths
    assert choose(config, frames(0)).blocks == ()


def test_a_frame_beside_the_file_that_it_was_made_for_is_in_no_block() -> None:
    late = StfFrames(100_010, 500, 10, np.array([499, 500, 509, 510]))
    assert as_lists(choose(SamplingConfig(policies=blocks(1, 1.0)), late)) == [[500, 509]]
