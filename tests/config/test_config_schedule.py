"""Schedules as a person writes them: what is wrong is told with the number of the step, from 1."""

from pathlib import Path
from typing import Any

import pytest

from swf_testbed.config.compose import compose
from swf_testbed.config.parameters import Parameters
from swf_testbed.model.errors import BadInput

NO_BEAM = {"state": "no_beam", "substate": "not_ready", "span": 5}


def load(home: Path, steps: Any, **more: Any) -> Parameters:
    overrides = {"daq_state_machine.schedule": steps, **more}
    return compose("fast_processing", home, overrides=overrides).configuration.parameters


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            {"state": "run", "substate": "physics", "span": 9},
            "step 2: no_beam/not_ready cannot become run/physics; from no_beam/not_ready it may become "
            "beam/not_ready, calib/not_ready, off, off/calib, off/daq, off/eic, off/epic or test",
        ),
        (NO_BEAM, "step 2: no_beam/not_ready cannot become no_beam/not_ready; from"),
        ({"state": "beem", "span": 1}, "step 2: state = 'beem': Input should be 'off', 'no_beam', 'beam'"),
        ({"state": "beam", "span": 1}, "step 2: substate = None: with state beam, must be one of calib"),
        ({"state": "beam", "substate": "ready"}, "step 2: must have either a span (s) or an stf_count"),
        (
            {"state": "beam", "substate": "not_ready", "stf_count": 2},
            "step 2: stf_count: no data is taken in beam/not_ready; give a span",
        ),
        (
            {"state": "beam", "substate": "not_ready", "spam": 2},
            "step 2: spam is not known; there are state, substate, span, stf_count",
        ),
        ({"state": "off", "span": "5"}, "step 2: span = '5': Input should be a valid number"),
        ({"state": "off", "span": 0}, "step 2: span = 0: Input should be greater than or equal to 0.001"),
        (7, "step 2: Input should be a valid dictionary"),
    ],
)
def test_a_step_that_is_wrong_is_named(tmp_path: Path, step: Any, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        load(tmp_path, [NO_BEAM, step])
    assert refused.value.field == "daq_state_machine.schedule"
    assert said in refused.value.allowed


def test_a_schedule_is_a_list(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"daq_state_machine\.schedule = 5: Input should be a valid tuple"):
        load(tmp_path, 5)


def test_a_schedule_that_is_stored_with_an_execution_is_read_back_as_it_was(tmp_path: Path) -> None:
    steps = [{"state": "off", "span": 1}, NO_BEAM, {"state": "test", "substate": "daq", "span": 2}]
    parameters = load(
        tmp_path, steps, **{"simulation.streams": [{"name": "luminosity", "stf_interval": 1.5}]}
    )
    assert [str(step.pair) for step in parameters.daq_state_machine.schedule] == [
        "off",
        "no_beam/not_ready",
        "test/daq",
    ]
    assert Parameters.model_validate(parameters.model_dump(mode="json")) == parameters


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"simulation.streams": [{"name": "main"}]}, r"names must differ \(main, main\)"),
        ({"simulation.streams": [{"name": "x"}, {"name": "x"}]}, r"names must differ \(main, x, x\)"),
        ({"simulation.streams": [{"name": "Lumi"}]}, r"simulation\.streams\.0\.name = 'Lumi': .*pattern"),
        (
            {"simulation.streams": [{"name": "x", "stf_intervall": 1}]},
            "is not known; did you mean stf_interval",
        ),
        ({"simulation.source": "play"}, 'recorded: must name what source = "play" plays'),
        ({"simulation.source": "tape"}, "Input should be 'generate', 'play' or 'announce'"),
    ],
)
def test_streams_and_sources_that_cannot_be_are_refused(
    tmp_path: Path, said: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(BadInput, match=wrong):
        load(tmp_path, [], **said)


def test_a_side_stream_sends_what_it_says_and_else_what_the_first_sends() -> None:
    parameters = Parameters.model_validate(
        {"simulation": {"scale": 0.01, "streams": [{"name": "luminosity", "tf_per_stf": 50}]}}
    )
    first, side = parameters.simulation.of_each_stream()
    assert (first.stream, first.tf_per_stf, first.scale) == ("main", 1000, 0.01)
    assert (side.stream, side.tf_per_stf, side.scale) == ("luminosity", 50, 0.01)
    assert first.seed != side.seed
