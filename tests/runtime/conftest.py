"""The real embedded broker, in a thread."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from probe_agent import SeenLog, Stage

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


@pytest.fixture
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is tried again soon."""
    monkeypatch.setattr("swf_testbed.runtime.patience.FIRST_DELAY_S", 0.01)
    monkeypatch.setattr("swf_testbed.runtime.patience.LAST_DELAY_S", 0.05)


@pytest.fixture
def stage(tmp_path: Path, short_delays: None) -> Iterator[Stage]:
    """A broker of this test alone, and the agents that it starts there."""
    with RunningBroker(tmp_path / "broker") as broker:
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
