"""The capacity planner: honest about the shipped configuration, and about what is to come."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from swf_testbed.cli.main import app
from swf_testbed.config.compose import compose
from swf_testbed.config.parameters import FastProcessing, Parameters
from swf_testbed.control.backlog import finished
from swf_testbed.control.capacity import Limits, Need, limits_of, needs, sufficient
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.model import states
from swf_testbed.model.errors import BadInput
from swf_testbed.model.names import StfName


def shipped(home: Path, **overrides: Any) -> Parameters:
    said = {name.replace("__", "."): value for name, value in overrides.items()}
    return compose("fast_processing", home, overrides=said).configuration.parameters


def by_name(found: list[Need]) -> dict[str, Need]:
    return {one.name: one for one in found}


def test_the_shipped_configuration_has_too_few_workers_to_keep_up(tmp_path: Path) -> None:
    """One STF each 2 s, 15 slices of 30 s: 225 workers would keep up, 30 are asked for."""
    found = needs(shipped(tmp_path), Limits(disk=1e12))
    workers = by_name(found)["workers"]
    assert (workers.needed, workers.available, workers.enough) == (225, 30, False)
    assert workers.how.startswith("0.5/s x 15 = 7.5 slices/s, each busy for 30 s")
    assert not sufficient(found)
    assert [one.name for one in found if one.enough is False] == ["workers"]
    # 150 slices of 30 s are done when 30 workers, ramped up in 300 s, have had 4500 worker-seconds: after
    # 300 s; the run is announced at 5 s, and its last STF is complete at 13 + 1 + 9 x 2 + 0.765 s.
    late = by_name(found)["last result after the last STF"].needed
    assert late == pytest.approx(5 + 300 - (14 + 18 + 0.665 + 0.1), abs=0.2)


def test_with_as_many_workers_as_it_asks_for_it_suffices(tmp_path: Path) -> None:
    found = needs(shipped(tmp_path, fast_processing__target_worker_count=225), Limits(disk=1e12))
    assert sufficient(found)
    assert by_name(found)["broker"].needed == pytest.approx(0.5 * (3 + 7 + 3 * 15))


def test_sizes_are_those_of_files(tmp_path: Path) -> None:
    parameters = Parameters.model_validate({"simulation": {"tf_per_stf": 100}})
    written = ExitBuffer(tmp_path, 1, parameters.simulation).write(
        StfSlot(StfName(1, 1), states.PHYSICS, 1_900_000_000_000_000_000, 0.0)
    )
    assert written is not None
    size = by_name(needs(parameters, Limits()))["main: STF size"].needed
    assert size * 1e6 == pytest.approx(written.size_bytes, rel=0.03)


def test_every_stream_counts(tmp_path: Path) -> None:
    streams = [{"name": "luminosity", "stf_interval": 1.0, "tf_per_stf": 500}]
    found = by_name(needs(shipped(tmp_path, simulation__streams=streams), Limits()))
    assert found["workers"].needed == 675
    assert found["luminosity: STF rate"].needed == 1
    assert "10 STFs of main + 20 STFs of luminosity" in found["disk"].how


def test_a_run_without_end_needs_no_sum(tmp_path: Path) -> None:
    endless = shipped(tmp_path, daq_state_machine__stf_count=None, daq_state_machine__physics_period_count=0)
    assert "disk" not in by_name(needs(endless, Limits(disk=1.0)))


@pytest.mark.parametrize(
    ("said", "limits", "short"),
    [
        ({"daq_state_machine": {"stf_interval": 0.5}}, Limits(), "main: time for an STF"),
        (
            {"daq_state_machine": {"stf_interval": 0.1, "stf_generation_time": 0.2}},
            Limits(),
            "main: time for an STF",
        ),
        ({}, Limits(disk=1e6), "disk"),
        ({}, Limits(bandwidth=1e6), "bandwidth"),
        ({}, Limits(broker=10), "broker"),
    ],
)
def test_what_is_too_little_is_named(said: dict[str, Any], limits: Limits, short: str) -> None:
    found = needs(Parameters.model_validate(said), limits)
    assert short in [one.name for one in found if one.enough is False]


def test_policies_are_counted_frame_by_frame() -> None:
    policies = [{"kind": "every_n", "n": 100}, {"kind": "volume", "quantity": "hits", "minimum": 1}]
    found = needs(Parameters.model_validate({"fastmon": {"policies": policies}}), Limits())
    assert by_name(found)["main: slices of an STF"].how.startswith("10 of 1000 frames")


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.floats(0.1, 500)), min_size=1, max_size=20),
    st.integers(1, 300),
    st.floats(0, 400),
)
def test_the_end_of_the_work_is_neither_before_it_can_be_nor_later_than_one_after_the_other(
    work: list[tuple[float, float]], workers: int, ramp: float
) -> None:
    work.sort()
    wanted = FastProcessing(target_worker_count=workers, worker_rampup_time=ramp, slice_processing_time=1)
    end = finished(work, 0.0, wanted)
    total = sum(load for _, load in work)
    assert end >= work[-1][0] + 1
    assert end >= total / workers
    assert end <= work[-1][0] + 1 + ramp + total / workers + 1e-6
    more = wanted.model_copy(update={"target_worker_count": workers + 1})
    assert finished(work, 0.0, more) <= end + 1e-6


@pytest.mark.parametrize(("bandwidth", "rate"), [(0.0, None), (None, -1.0)])
def test_limits_are_above_zero(bandwidth: float | None, rate: float | None) -> None:
    with pytest.raises(BadInput, match="must be more than 0"):
        limits_of(None, bandwidth, rate)


def test_the_command_says_what_is_missing_and_has_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SWF_HOME", str(tmp_path))
    told = CliRunner().invoke(app, ["plan", "fast_processing"])
    assert told.exit_code == 1
    assert told.stdout.splitlines()[-1] == "not sufficient: workers"
    enough = ["--set", "fast_processing.target_worker_count=225", "--json"]
    told = CliRunner().invoke(app, ["plan", "fast_processing", *enough])
    assert told.exit_code == 0
    said = json.loads(told.stdout)
    assert said["sufficient"] is True
    assert {"name", "needed", "available", "unit", "sufficient", "how"} == set(said["needs"][0])
