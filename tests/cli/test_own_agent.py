"""The tutorial of one's own agent, followed to the letter."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from command_home import Home

from documented import Guide

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

GUIDE = Guide("tutorials/your-own-agent.md")
QUICK = [
    "--set",
    "daq_state_machine.stf_interval=0.5",
    "--set",
    "daq_state_machine.beam_not_ready_end_delay=0.1",
]
"""The tutorial's reader has more time."""


@pytest.fixture
def home(bare: Home) -> Iterator[Home]:
    shipped = files("swf_testbed.config").joinpath("shipped", "testbed.toml").read_text("utf-8")
    (bare.path / "testbed.toml").write_text(shipped)
    yield bare
    bare.do("stop")


def test_an_agent_of_ones_own_is_written_enabled_run_and_heard(home: Home) -> None:
    assert home.do("new-agent", "watcher").returncode == 0
    assert (home.path / "watcher.py").read_text() == GUIDE.block('"""The agent watcher')
    with (home.path / "testbed.toml").open("a") as file:
        file.write(GUIDE.block("[agents.watcher]"))
    ((_testbed, *run),) = GUIDE.words("testbed run fast_processing")
    ((_same, *logs),) = GUIDE.words("testbed logs watcher")
    done = home.do(*run, *QUICK)
    assert done.returncode == 0, done.stderr
    said = [line for line in home.do(*logs).stdout.splitlines() if line.startswith("run ")]
    shown = GUIDE.block("run 100011: ")
    assert [_without_run(line) for line in said] == [_without_run(line) for line in shown.splitlines()]


def _without_run(line: str) -> str:
    return re.sub(r"1\d{5}", "RUN", line)


@pytest.mark.parametrize("name", ["Watcher", "my-agent", "data", "workflow_runner", "../x"])
def test_a_name_that_cannot_be_one_is_refused(bare: Home, name: str) -> None:
    done = bare.do("new-agent", name)
    assert done.returncode == 2
    assert "must be small letters" in done.stderr


def test_an_agent_that_is_there_is_kept(bare: Home) -> None:
    (bare.path / "watcher.py").write_text("# mine\n")
    done = bare.do("new-agent", "watcher")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert (bare.path / "watcher.py").read_text() == "# mine\n"
