"""A real monitor: broker in a thread, web server and intake as processes, a database of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from monitor_instance import Instance, new_instance

from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import StompBus
from swf_testbed.monitor_client import MonitorClient

DATABASES = ("sqlite", "postgresql")

NewDatabase = Callable[[], dict[str, str]]
"""Makes an empty database; what leads to it, for the environment."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is marked `both_databases` is tested on each, the rest on SQLite."""
    if "database" in metafunc.fixturenames:
        marked = metafunc.definition.get_closest_marker("both_databases")
        metafunc.parametrize("database", DATABASES if marked else DATABASES[:1])


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long the interface is tested against its description."""
    parser.addoption("--api-examples", type=int, default=1, help="examples an operation (schemathesis)")


@pytest.fixture
def new_database(database: str, request: pytest.FixtureRequest) -> NewDatabase:
    """The environment of an empty database of the kind that is tested."""
    if database != "postgresql":
        return dict
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database


@pytest.fixture(scope="session")
def shared_instance(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str, NewDatabase], Instance]]:
    """The one instance of each kind of database that most tests share, started when it is first asked for."""
    running: dict[str, Instance] = {}
    with ExitStack() as stack:

        def get(database: str, new_database: NewDatabase) -> Instance:
            if database not in running:
                # A broker of its own: it knows one intake.
                broker = stack.enter_context(RunningBroker(tmp_path_factory.mktemp("broker")))
                found = new_instance(tmp_path_factory.mktemp("monitor"), broker.port, **new_database())
                running[database] = found
                stack.enter_context(found.serving())
                stack.enter_context(found.taking_in())
            return running[database]

        yield get


@pytest.fixture
def instance(
    database: str, new_database: NewDatabase, shared_instance: Callable[[str, NewDatabase], Instance]
) -> Instance:
    return shared_instance(database, new_database)


@pytest.fixture
def make_instance(
    broker: RunningBroker, tmp_path: Path, new_database: NewDatabase
) -> Callable[..., Instance]:
    return lambda **more: new_instance(tmp_path, broker.port, **new_database(), **more)


@pytest.fixture
def client(instance: Instance) -> Iterator[MonitorClient]:
    with instance.client() as found:
        yield found


@pytest.fixture
def api(instance: Instance) -> Iterator[httpx.Client]:
    with instance.raw() as found:
        yield found


@pytest.fixture
def bus(instance: Instance) -> Iterator[StompBus]:
    with instance.bus() as found:
        yield found


@pytest.fixture
def namespace() -> str:
    """A namespace of this test alone."""
    return f"n{uuid4().hex[:10]}"


@pytest.fixture
def run_number(client: MonitorClient) -> int:
    """A run of this test alone."""
    return client.next_run_number()
