"""The embedded broker, and the brokers of the labs that keep the same contract, with clients for them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from broker_contract_client import StompClient
from broker_differences import KNOWN, BrokerUnderContract

from swf_test_servers import Artemis, Classic
from swf_testbed.broker.testing import RunningBroker

Connect = Callable[..., StompClient]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RunningBroker]:
    """An embedded broker that may be killed and restarted."""
    with RunningBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture(params=sorted(KNOWN))
def under_contract(request: pytest.FixtureRequest) -> BrokerUnderContract:
    """Ours is the test's own, the others are shared with other tests."""
    differences = KNOWN[request.param]
    if request.param == "embedded":
        ours: RunningBroker = request.getfixturevalue("broker")
        return BrokerUnderContract((ours.host, ours.port), differences)
    server: Artemis | Classic = request.getfixturevalue(request.param)
    return BrokerUnderContract((server.host, server.port), differences, (server.user, server.password))


@pytest.fixture
def make_client(under_contract: BrokerUnderContract) -> Iterator[Connect]:
    """Makes clients of the broker; those a test leaves open are closed after it."""
    clients: list[StompClient] = []

    def make(**options: Any) -> StompClient:
        clients.append(StompClient(under_contract.address, under_contract.login, **options))
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
