"""Rucio with all that moves files: exit buffer and two sites behind XRootD, and the daemons between them."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from swf_test_servers.postgres import Postgres
from swf_test_servers.rucio import PROGRAMS, Rucio, environment
from swf_test_servers.server import Server
from swf_test_servers.xrootd import XRootD

BUFFER, SITES = "E0-BUFFER", ("BNL", "JLAB")


class CopyService(Server):
    """Copies between the storages as FTS3 does (`inside_rucio/copy_service.py`)."""

    name = "copy service"

    def __init__(self, environment: Path) -> None:
        super().__init__()
        self._python = environment / "bin" / "python"

    def prepare(self) -> None:
        """Lay down the program: the ordinary user may not read where it lies."""
        shutil.copy(PROGRAMS / "copy_service.py", self.folder)

    def command(self) -> list[str]:
        """What to run."""
        return [str(self._python), "copy_service.py", str(self.port)]


class Daemons(Server):
    """Rucio's daemons (`inside_rucio/daemons.py`)."""

    name = "Rucio daemons"

    def __init__(self, rucio: Rucio) -> None:
        super().__init__()
        self._rucio = rucio

    def command(self) -> list[str]:
        """What to run."""
        return self._rucio.inside("daemons.py")

    def answers(self) -> bool:
        """Whether they have begun."""
        return "started\n" in self.log


class RucioSystem:
    """All of it, running until the context ends.

    `buffer` is the exit buffer, a storage whose files lie where the DAQ writes them; `sites` are those of a
    site each, where Rucio says what lies where.

    Args:
        exit_buffer: a folder that is the exit buffer, in place of one of the system's own.
    """

    def __init__(self, exit_buffer: Path | None = None) -> None:
        self.postgres = Postgres()
        self.buffer = XRootD(BUFFER, exit_buffer)
        self.sites = {name: XRootD(name) for name in SITES}
        self.copy_service = CopyService(environment())
        self.rucio = Rucio(self.postgres, self._storages())
        self.daemons = Daemons(self.rucio)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            _start(stack, self.postgres, self.buffer, *self.sites.values(), self.copy_service)
            self.rucio.make_ready()
            _start(stack, self.rucio, self.daemons)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        # Nothing of theirs is kept: no need to let them finish what they do.
        for server in (self.daemons, self.copy_service, self.rucio):
            server.kill()
        self._stack.close()

    @contextmanager
    def at_work(self) -> Iterator[Self]:
        """Its daemons go on, and stand still afterwards: looking for work they take a third of a core."""
        self.daemons.resume()
        try:
            yield self
        finally:
            self.daemons.pause()

    def _storages(self) -> list[dict[str, object]]:
        said = {"host": XRootD.host, "fts": f"http://{Server.host}:{self.copy_service.port}"}
        return [
            {**said, "name": storage.name, "port": storage.port, "prefix": "//data/", "deterministic": fixed}
            for storage, fixed in ((self.buffer, False), *((site, True) for site in self.sites.values()))
        ]


def _start(stack: ExitStack, *servers: Server) -> None:
    """Start servers at the same time; they end with the stack."""
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(stack.enter_context, servers))
