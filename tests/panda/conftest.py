"""A PanDA server as one was recorded, for one test."""

from collections.abc import Iterator

import pytest

from swf_test_servers.recorded_panda import RecordedPanda, serving


@pytest.fixture
def panda() -> RecordedPanda:
    return RecordedPanda()


@pytest.fixture
def url(panda: RecordedPanda) -> Iterator[str]:
    """Where it answers."""
    with serving(panda) as url:
        yield url
