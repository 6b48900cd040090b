"""The older ways in ask for what their options say."""

import itertools
import sys
from pathlib import Path

import pytest

from swf_testbed.cli import doors
from swf_testbed.config.compose import Composition, compose
from swf_testbed.config.environment import load_settings
from swf_testbed.config.overrides import parse_override


def asked(monkeypatch: pytest.MonkeyPatch, home: Path, *words: str) -> tuple[list[str], Composition]:
    """What `testbed` is told when `workflow_runner.py` is told something, and the configuration of that."""
    monkeypatch.setattr(doors, "main", lambda: None)
    monkeypatch.setattr(doors, "settings", lambda: load_settings({"SWF_HOME": str(home)}))
    monkeypatch.setattr(sys, "argv", ["workflow_runner.py", *words])
    assert doors.workflow_runner() == 0
    said = sys.argv[1:]
    pairs = itertools.pairwise(said)
    overrides = dict(parse_override(value) for word, value in pairs if word == "--set")
    return said, compose(said[1], home, overrides=overrides)


def test_run_once_is_fast_and_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said, made = asked(monkeypatch, tmp_path, "--run-once", "stf_datataking")
    assert said[:4] == ["run", "stf_datataking", "--wait", "--fast"]
    assert made.configuration.parameters.simulation.recycle_frames == 32
    assert made.workflow_names == ("stf_datataking",)
    assert "--realtime" in asked(monkeypatch, tmp_path, "--run-once", "stf_datataking", "--realtime")[0]


@pytest.mark.parametrize(
    "said",
    [
        "recycle_frames = 0",
        'source = "announce"',
        '[[simulation.anomalies]]\nkind = "missing_stf"\nsequences = [1]',
    ],
)
def test_frames_are_recycled_only_where_nobody_said_how_they_are_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    (tmp_path / "testbed.toml").write_text(f'[testbed]\nnamespace = "local"\n[simulation]\n{said}\n')
    words, _ = asked(monkeypatch, tmp_path, "--run-once", "stf_datataking")
    assert words == ["run", "stf_datataking", "--wait", "--fast"]


def test_run_once_takes_another_configuration_and_timing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ["--run-once", "mine", "--workflow-config", "fast_processing_default", "--stf-count", "7"]
    words += ["--physics-period-count", "3", "--physics-period-duration", "4.5", "--stf-interval", "0.25"]
    said, made = asked(monkeypatch, tmp_path, *words)
    assert said[said.index("--stf-count") + 1] == "7"
    assert made.workflow_names == ("mine", "stf_datataking")
    timing = made.configuration.parameters.daq_state_machine
    assert timing.physics_period_count == 3
    assert (timing.physics_period_duration, timing.stf_interval) == (4.5, 0.25)


def test_a_duration_comes_before_a_number_of_stfs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, made = asked(monkeypatch, tmp_path, "--run-once", "fast_processing", "--duration", "120")
    timing = made.configuration.parameters.daq_state_machine
    assert (timing.physics_period_duration, timing.stf_count) == (120, None)
