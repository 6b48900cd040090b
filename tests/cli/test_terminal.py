"""The sequence of the documentation in a terminal; every screen is kept as text in `screens/`.

After a change that is meant, `SWF_KEEP_SCREENS=1 pytest tests/cli/test_terminal.py` keeps the new ones; look
at what git then shows.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_home import Home
from terminal import Terminal, gist, masked, terminal

from swf_testbed.config.environment import username

pytestmark = [
    pytest.mark.chain,
    pytest.mark.timeout(300),
]

SCREENS = Path(__file__).with_name("screens")
QUICK = """\
[testbed]
namespace = "local"
[agents.data]
[agents.fastmon]
[agents.fast_processing]
[agents.merger]
[agents.worker]
count = 2
[daq_state_machine]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.1
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1
stf_interval = 0.5
"""
SEQUENCE = {
    "doctor": "testbed doctor",
    "start": "testbed start",
    "agent-manager": "testbed agent-manager --detach",
    "run": "testbed run fast_processing --stf-count 3 --wait --watch",
    "status": "testbed status",
    "agent-manager-stop": "testbed agent-manager --stop",
    "stop": "testbed stop",
    "status-after": "testbed status",
}


@pytest.fixture
def home() -> Iterator[Home]:
    # A short path: how lines are broken depends on it.
    with tempfile.TemporaryDirectory(prefix="swf-") as folder:
        made = Home.at(Path(folder) / "h")
        (made.path / "testbed.toml").write_text(QUICK)
        yield made
        made.do("agent-manager", "--stop")
        made.do("stop")


@pytest.fixture
def screen(home: Home) -> Iterator[Terminal]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        with terminal({**home.environment, "PATH": path}) as opened:
            yield opened
    except LookupError as missing:
        pytest.skip(str(missing))


def test_the_sequence_looks_as_it_should(home: Home, screen: Terminal) -> None:
    differing = {}
    for name, command in SEQUENCE.items():
        shown = screen.type(command)
        if name == "status":
            coloured = screen.colours()
        found = masked(shown, home=str(home.path), user=username())
        kept = SCREENS / f"{name}.txt"
        if os.environ.get("SWF_KEEP_SCREENS"):
            kept.write_text(found, "utf-8")
        if gist(kept.read_text("utf-8")) != gist(found):
            differing[name] = found
    remedy = "if that is meant: SWF_KEEP_SCREENS=1 pytest tests/cli/test_terminal.py\n"
    assert not differing, remedy + "\n".join(f"== {name}\n{text}" for name, text in differing.items())
    assert "\x1b[32m up" in coloured or "\x1b[32mup" in coloured
