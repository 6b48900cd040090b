"""Each engine with what it runs on: real where that can be had, and said so."""

import os
import stat
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

import swf_testbed
from documented import Guide
from swf_test_servers import Slurm
from swf_test_servers.panda_pilots import Pilots
from swf_test_servers.recorded_panda import TOKEN, RecordedPanda, serving
from swf_testbed.adapters.pool import PoolEngine, open_engine
from swf_testbed.adapters.pool.htcondor import CondorEngine
from swf_testbed.config.environment import load_settings

GUIDE = Guide("how-to/pool.md")
_STUB = Path(__file__).with_name("condor_stub.py")


class Rig(Protocol):
    """An engine to be tried."""

    name: str
    real: str
    """What stands behind it, in words."""
    home: Path
    """A folder that its processes may write to."""
    engine: PoolEngine

    def outage(self) -> AbstractContextManager[None] | None:
        """The engine does not answer; None if it has nothing that could fail."""


def engine_of_the_guide(begins: str, folder: Path, here: Mapping[str, str] | None = None) -> PoolEngine:
    """As the guide's block configures it."""
    settings = load_settings({"SWF_HOME": str(folder), "PANDA_AUTH_ID_TOKEN": TOKEN})
    return open_engine(GUIDE.parameters(begins, folder, here), settings, folder / "engine")


@dataclass
class LocalRig:
    home: Path
    name: str = "local"
    real: str = "real: processes of this machine"

    def __post_init__(self) -> None:
        self.engine = engine_of_the_guide("[agents.pool]", self.home)

    def outage(self) -> AbstractContextManager[None] | None:
        return None


@dataclass
class SlurmRig:
    cluster: Slurm
    name: str = "slurm"
    real: str = "real: munged, slurmctld and slurmd of an ordinary user"

    def __post_init__(self) -> None:
        self.home = self.cluster.home
        here = {"--partition=production": "--partition=main"}
        self.engine = engine_of_the_guide('[pool]\nengine = "slurm"', self.home / "configuration", here)

    @contextmanager
    def outage(self) -> Iterator[None]:
        # In order: killed, it would not remember the jobs of its last seconds.
        self.cluster.controller.stop()
        yield
        self.cluster.controller.start()


@dataclass
class CondorRig:
    home: Path
    name: str = "htcondor"
    real: str = "not verified on a pool: stand-ins of condor_submit, condor_q, condor_history and condor_rm"
    engine: PoolEngine = field(default_factory=CondorEngine)

    @contextmanager
    def outage(self) -> Iterator[None]:
        (self.home / "down").touch()
        yield
        (self.home / "down").unlink()


@dataclass
class PandaRig:
    home: Path
    panda: RecordedPanda
    url: str
    name: str = "panda"
    real: str = "the real panda-client, and real processes; the server answers as a real one was recorded"

    def __post_init__(self) -> None:
        # Asked each time: a test waits for what PanDA says, and not for the time to ask it.
        often = 'role = "EIC"\npoll_interval = 0.001'
        here = {"https://panda.example:25443": self.url, 'role = "EIC"': often}
        self.engine = engine_of_the_guide("[panda]", self.home, here)

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.panda.down = True
        yield
        self.panda.down = False


@contextmanager
def panda_site(home: Path) -> Iterator[PandaRig]:
    """A server, and a site whose logs are where those of workers are."""
    panda = RecordedPanda()
    with serving(panda) as url, Pilots(panda, url, home / "testbed" / "logs" / "workers"):
        yield PandaRig(home, panda, url)


def condor_programs(folder: Path) -> Path:
    """The stand-ins, in a folder for PATH."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("condor_submit", "condor_q", "condor_history", "condor_rm", "condor_version"):
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{_STUB}" "{folder}" {name} "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return programs


def in_front_of_path(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let programs of a folder be found first."""
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def worker_python(*, ordinary_user: bool) -> tuple[str, dict[str, str]]:
    """A Python that can run a worker, and its environment.

    One in root's own folder is none for an ordinary user; the system's of the same version is, with our
    packages.
    """
    source = str(Path(swf_testbed.__file__).parents[1])
    real = Path(sys.executable).resolve()
    closed = any(not folder.stat().st_mode & stat.S_IXOTH for folder in real.parents)
    if ordinary_user and closed:
        path = f"{source}:{sysconfig.get_path('purelib')}"
        return f"/usr/bin/python3.{sys.version_info.minor}", {"PYTHONPATH": path}
    return sys.executable, {}
