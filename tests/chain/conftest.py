"""One testbed for all tests of the chain, and what it logged if one of them fails."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from chain_testbed import Testbed

_TAIL_LINES = 40


@pytest.fixture(scope="session")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Testbed]:
    """Services stay up from test to test, as they do for a user."""
    made = Testbed(tmp_path_factory.mktemp("chain") / "home")
    started = made.do("start")
    assert started.returncode == 0, started.stderr
    yield made
    made.do("stop")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is killed at a random moment fails once in a thousand times, and then its logs must be there."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        testbeds = [one for one in item.funcargs.values() if isinstance(one, Testbed)]
        report.sections += [
            (f"end of {log.name}", _end_of(log))
            for one in testbeds
            for log in sorted(one.settings.log_dir.glob("*.log"))
        ]
    return report


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:])
