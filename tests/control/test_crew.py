"""Which agents a configuration asks for, and what it cannot ask of them."""

from pathlib import Path

import pytest

from swf_testbed.config.compose import compose
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.crew import crew_of
from swf_testbed.model.errors import BadInput


def settings_of(home: Path, **environment: str) -> Settings:
    (home / "testbed.toml").write_text('[testbed]\nnamespace = "here"\n[agents.fastmon]\n')
    return load_settings({"HOME": str(home), "SWF_HOME": str(home), **environment})


@pytest.mark.parametrize(
    ("name", "value"),
    [("mode", "continuous"), ("watch", ["/data"]), ("settle_time", 1.0), ("damaged_time", 9.0)],
)
def test_what_an_agent_reads_at_its_start_cannot_be_asked_for_a_run(
    tmp_path: Path, name: str, value: object
) -> None:
    settings = settings_of(tmp_path)
    wanted = compose("fast_processing", tmp_path, overrides={f"fastmon.{name}": value}).configuration
    with pytest.raises(BadInput, match=rf"fastmon\.{name}.*testbed\.toml or the environment"):
        crew_of(settings, wanted)


def test_what_the_environment_says_is_meant_for_both(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, FASTMON_MODE="continuous", FASTMON_SELECTION_FRACTION="0.5")
    wanted = compose("fast_processing", tmp_path, environment=settings.parameters).configuration
    assert wanted.parameters.fastmon.selection_fraction == 0.5
    assert list(crew_of(settings, wanted).agents) == ["fastmon"]
