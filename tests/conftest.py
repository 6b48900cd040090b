"""What holds for all tests."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from hypothesis import settings

import swf_test_servers as servers
from swf_test_servers.rucio_system import RucioSystem
from swf_testbed.broker.testing import RunningBroker

Server = TypeVar("Server", bound=servers.Server | RucioSystem)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell gives this to what it runs in the background, and it would pass on to every program under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How fast an example is depends on who else uses the machine.
settings.register_profile("testbed", deadline=None)
settings.load_profile("testbed")

_TOGETHER = {
    "with Rucio": ("test_rucio_storage.py", "test_storage_contract.py", "test_data_agent_rucio.py"),
    "in the home of the guides": ("test_guides.py", "test_guides_on_shift.py"),
}
"""Files that share what takes long to start."""


@pytest.hookimpl(optionalhook=True)  # xdist may be absent
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As `--dist loadfile`, but files that share something go to one process: it starts it once."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((name for name, files in _TOGETHER.items() if file.endswith(files)), file)

    return Together(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which engines of the pool were real, and how many tests passed on each."""
    passed = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    told = Counter(said for report in passed for name, said in report.user_properties if name == "engine")
    if told:
        terminalreporter.section("engines of the pool")
    for said, tests in sorted(told.items()):
        terminalreporter.line(f"{tests:3} tests on {said}")


def start_on(stack: ExitStack, server: Callable[[], Server]) -> Server:
    """Start a server that ends with the stack; without its program a test is skipped, and fails in CI."""
    try:
        started = server()
        stack.enter_context(started)
        return started
    except servers.Absent as absent:
        if os.environ.get("CI") == "true":
            pytest.fail(str(absent))
        pytest.skip(str(absent))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """The embedded broker in a thread, for all tests of a session."""
    with RunningBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


def _starting() -> Iterator[Callable[[Callable[[], Server]], Server]]:
    """Starts a server of `swf_test_servers` for this test alone: `redis = start_server(Redis)`."""
    with ExitStack() as stack:
        yield lambda server: start_on(stack, server)


start_server = pytest.fixture(name="start_server")(_starting)
start_server_of_module = pytest.fixture(scope="module", name="start_server_of_module")(_starting)
"""For the tests of one file."""


def _shared(server: Callable[[], Server]) -> Callable[[], Iterator[Server]]:
    def started() -> Iterator[Server]:
        with ExitStack() as stack:
            yield start_on(stack, server)

    started.__doc__ = f"{server.__name__}, for all tests of a session; who ends it starts it again."
    return started


postgres = pytest.fixture(scope="session", name="postgres")(_shared(servers.Postgres))
artemis = pytest.fixture(scope="session", name="artemis")(_shared(servers.Artemis))
classic = pytest.fixture(scope="session", name="classic")(_shared(servers.Classic))


@pytest.fixture(scope="session")
def rucio_servers() -> Iterator[RucioSystem]:
    """Real servers of Rucio and XRootD, for all tests of a session."""
    pytest.importorskip("rucio.client")
    with ExitStack() as stack:
        yield start_on(stack, RucioSystem)


@pytest.fixture
def rucio_system(rucio_servers: RucioSystem) -> Iterator[RucioSystem]:
    """The same at work for one test, which takes run numbers of its own, and leaves all running."""
    with rucio_servers.at_work():
        yield rucio_servers
