"""A podio file, and a stand-in for the program that reads it."""

import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

STAND_IN = Path(__file__).with_name("eicrecon_stand_in.py")


@pytest.fixture(scope="session")
def podio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten events, as podio names their branches."""
    path = tmp_path_factory.mktemp("podio") / "events.edm4hep.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"EventHeader.eventNumber": np.int32})
        file["events"].extend({"EventHeader.eventNumber": np.arange(100, 110, dtype=np.int32)})
    return path


@pytest.fixture(scope="session")
def eicrecon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in, as a program."""
    program = tmp_path_factory.mktemp("bin") / "eicrecon"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
    program.chmod(0o755)
    return program
