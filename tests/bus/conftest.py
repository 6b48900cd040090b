"""Each test of a bus runs on each broker."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from bus_brokers import KINDS, BrokerUnderTest, Buses, broker_of
from scripted_broker import ScriptedBroker


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerUnderTest]:
    with ExitStack() as stack:
        found = broker_of(request.param, request, tmp_path, stack)
        yield found
        found.start()


@pytest.fixture
def buses(broker: BrokerUnderTest) -> Iterator[Buses]:
    opened = Buses(broker.address)
    yield opened
    opened.close()


@pytest.fixture
def role() -> str:
    """A client's name of this test alone: the brokers of the labs live longer than a test."""
    return f"role-{uuid4().hex}"


@pytest.fixture
def queue() -> str:
    return f"/queue/test.{uuid4().hex}"


@pytest.fixture
def scripted() -> Iterator[ScriptedBroker]:
    """For what no real broker can be made to say."""
    with ScriptedBroker() as listening:
        yield listening
