"""What an import brings along: an agent must start fast and small."""

import json
import subprocess
import sys

import pytest

from swf_testbed.runtime.catalogue import OWN_AGENTS

HEAVY = (
    "django",
    "ninja",
    "starlette",
    "uvicorn",
    "rucio",
    "pandaclient",
    "pandatools",
    "hist",
    "boost_histogram",
    "typer",
)
CLIENT = "swf_fastmon_client.main"
MODULES = [place.partition(":")[0] for place in OWN_AGENTS.values()] + ["swf_testbed.workflows.runner"]


def loaded_by(module: str) -> set[str]:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "swf_testbed" in loaded
    return loaded


@pytest.mark.parametrize("module", MODULES)
def test_an_agent_loads_neither_django_nor_rucio_nor_panda(module: str) -> None:
    assert loaded_by(module).isdisjoint(HEAVY)


def test_the_client_loads_nothing_that_only_a_testbed_needs() -> None:
    """It draws on the terminal, and is installed where there is no testbed."""
    needless = {*HEAVY, "stomp", "simpy", "supervisor", "numpy"} - {"typer"}
    assert loaded_by(CLIENT).isdisjoint(needless)
