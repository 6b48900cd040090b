"""A Rucio with all that moves files, once a session."""

import os
from collections.abc import Iterator

import pytest

import swf_test_servers as servers
from swf_test_servers.rucio_system import RucioSystem


@pytest.fixture(scope="session")
def rucio_system() -> Iterator[RucioSystem]:
    """Real servers of Rucio and XRootD; a test takes run numbers of its own, and leaves all running."""
    pytest.importorskip("rucio.client")
    try:
        with RucioSystem() as running:
            yield running
    except servers.Absent as absent:
        if os.environ.get("CI") == "true":
            pytest.fail(str(absent))
        pytest.skip(str(absent))
