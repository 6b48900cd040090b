"""A real monitor: broker in a thread, web server and intake as processes, a database of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from monitor_instance import Instance, new_instance

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.monitor_client import MonitorClient


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the interface is tested against its description."""
    parser.addoption("--api-examples", type=int, default=3, help="examples an operation (schemathesis)")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def instance(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    found = new_instance(tmp_path_factory.mktemp("monitor"), broker.port)
    with found.serving(), found.taking_in():
        yield found


@pytest.fixture
def make_instance(broker: RunningBroker, tmp_path: Path) -> Callable[..., Instance]:
    return lambda **more: new_instance(tmp_path, broker.port, **more)


@pytest.fixture
def client(instance: Instance) -> Iterator[MonitorClient]:
    with instance.client() as found:
        yield found


@pytest.fixture
def api(instance: Instance) -> Iterator[httpx.Client]:
    with instance.raw() as found:
        yield found


@pytest.fixture
def run_number(client: MonitorClient) -> int:
    """A run of this test alone."""
    return client.next_run_number()
