"""A home folder for commands."""

from pathlib import Path

import pytest
from command_home import Home


@pytest.fixture
def bare(tmp_path: Path) -> Home:
    """Nothing in it, nothing up."""
    return Home.at(tmp_path / "home")
