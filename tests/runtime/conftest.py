"""The real embedded broker, in a thread."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, StompBus


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[StompBus]:
    """A connection to a broker of this test alone."""
    with (
        RunningBroker(tmp_path / "broker") as broker,
        StompBus(BrokerAddress("127.0.0.1", broker.port), None) as bus,
    ):
        yield bus
