"""The real embedded broker, in a thread."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from probe_agent import SeenLog, Stage

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import BrokerAddress, StompBus


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """A broker of this test alone, that it may stop."""
    with RunningBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def bus(broker: RunningBroker) -> Iterator[StompBus]:
    """A connection to it."""
    with StompBus(BrokerAddress("127.0.0.1", broker.port), None) as connected:
        assert connected.wait_connected(60)
        yield connected


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again soon."""
    monkeypatch.setattr("swf_testbed.runtime.patience.FIRST_DELAY_S", 0.01)
    monkeypatch.setattr("swf_testbed.runtime.patience.LAST_DELAY_S", 0.05)


@pytest.fixture
def stage(broker: RunningBroker, tmp_path: Path, short_delays: None) -> Iterator[Stage]:
    """A broker of this test alone, and the agents that it starts there."""
    made = Stage(broker, tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def log() -> Iterator[SeenLog]:
    """What the runtime logs."""
    logger, seen = logging.getLogger("swf_testbed.runtime"), SeenLog()
    level = logger.level
    logger.addHandler(seen)
    logger.setLevel(logging.INFO)
    try:
        yield seen
    finally:
        logger.removeHandler(seen)
        logger.setLevel(level)
