"""What the pages are typed in."""

from collections.abc import Iterator

import pytest
from shift_home import ShiftHome


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShiftHome]:
    """A home for the pages of two files, which one process reads one after another; services stay up."""
    path = tmp_path_factory.mktemp("guides") / "home"
    path.mkdir()
    made = ShiftHome.at(path)
    made.furnish()
    made.agents()
    yield made
    made.typed("testbed stop")
