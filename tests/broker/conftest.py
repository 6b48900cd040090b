"""Brokers and clients for tests: embedded always; any other too, if SWF_TEST_BROKER names its host:port."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from broker_contract_client import StompClient

from swf_testbed.broker.testing import RunningBroker

_OTHER = os.environ.get("SWF_TEST_BROKER", "")

Connect = Callable[..., StompClient]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """An embedded broker that may be killed and restarted."""
    with RunningBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(params=["embedded", *([_OTHER] if _OTHER else [])])
def broker_address(request: pytest.FixtureRequest) -> tuple[str, int]:
    """Host and port of the broker under contract."""
    if request.param == "embedded":
        running: RunningBroker = request.getfixturevalue("broker")
        return running.host, running.port
    host, _, port = request.param.rpartition(":")
    return host, int(port)


@pytest.fixture
def make_client(broker_address: tuple[str, int]) -> Iterator[Connect]:
    """Makes clients of the broker; those a test leaves open are closed after it."""
    clients: list[StompClient] = []

    def make(**options: Any) -> StompClient:
        clients.append(StompClient(broker_address, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def queue_name() -> str:
    return f"/queue/test.{uuid4().hex}"


@pytest.fixture
def topic_name() -> str:
    return f"/topic/test.{uuid4().hex}"
