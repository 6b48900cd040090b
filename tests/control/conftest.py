"""A home folder of one's own, on free ports, with whatever was started there stopped in the end."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_test_servers import own_home
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import stop_agents
from swf_testbed.control.manager.daemon import end
from swf_testbed.control.services import start_services, stop_services


def new_home(folder: Path) -> Settings:
    """An empty home on free ports."""
    settings = load_settings(own_home(folder))
    settings.swf_home.mkdir()
    return settings


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Settings]:
    settings = new_home(tmp_path / "a home")
    yield settings
    stop_agents(settings)
    stop_services(settings)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """One whose services are up for all tests of a file."""
    settings = new_home(tmp_path_factory.mktemp("up") / "home")
    start_services(settings)
    yield settings
    end(settings)
    stop_agents(settings)
    stop_services(settings)
