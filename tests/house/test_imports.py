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
MODULES = [place.partition(":")[0] for place in OWN_AGENTS.values()] + ["swf_testbed.workflows.runner"]


@pytest.mark.parametrize("module", MODULES)
def test_an_agent_loads_neither_django_nor_rucio_nor_panda(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "swf_testbed" in loaded
    assert loaded.isdisjoint(HEAVY)
