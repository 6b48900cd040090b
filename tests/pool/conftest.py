"""Engines to be tried."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pool_rigs import CondorRig, LocalRig, Rig, SlurmRig, condor_programs, in_front_of_path, panda_site

from swf_test_servers import Absent, Slurm

ENGINE = "engine"
"""The property of a test's report that says what stood behind its engine; told at the end of all tests."""


@pytest.fixture
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The engine that the parameter names, with what it runs on."""
    with ExitStack() as stack:
        made: Rig
        if request.param == "local":
            made = LocalRig(tmp_path)
        elif request.param == "slurm":
            made = SlurmRig(_cluster(stack))
            in_front_of_path(monkeypatch, made.cluster.bin)
        elif request.param == "panda":
            made = stack.enter_context(panda_site(tmp_path))
        else:
            in_front_of_path(monkeypatch, condor_programs(tmp_path))
            made = CondorRig(tmp_path)
        request.node.user_properties.append((ENGINE, f"{made.name}: {made.real}"))
        yield made


def _cluster(stack: ExitStack) -> Slurm:
    try:
        return stack.enter_context(Slurm())
    except Absent as absent:
        if os.environ.get("CI") == "true":
            pytest.fail(str(absent))
        pytest.skip(str(absent))
