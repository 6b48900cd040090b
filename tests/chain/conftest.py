"""One testbed for all tests of the chain."""

from collections.abc import Iterator

import pytest
from chain_testbed import Testbed


@pytest.fixture(scope="session")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Services stay up from test to test, as they do for a user."""
    made = Testbed(tmp_path_factory.mktemp("chain") / "home")
    started = made.do("start")
    assert started.returncode == 0, started.stderr
    yield made
    made.do("stop")
