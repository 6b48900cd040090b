"""Runs for tests of Rucio: files in the exit buffer, and the storage that is to bring them to the sites."""

import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from zlib import adler32

from swf_test_servers.rucio import Rucio
from swf_test_servers.rucio_system import BUFFER, SITES, RucioSystem
from swf_testbed.adapters.rucio import Access, RucioStorage
from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.adapters.rucio.doors import Door
from swf_testbed.adapters.storage import CopyState, DatasetSpec, Did, StoredFile
from swf_testbed.model.errors import Unavailable

PATIENCE_S = 240


class RucioRun:
    """A run of some STF files.

    Args:
        system: where it is stored.
        folder: for tokens.
        number: of the run.
        url: of the server, if it is not the system's own but a proxy before it.
        account: who asks.
    """

    def __init__(
        self,
        system: RucioSystem,
        folder: Path,
        number: int,
        url: str | None = None,
        account: str = Rucio.account,
    ) -> None:
        self.system, self.number = system, number
        self.access = Access(
            token_dir=folder / "tokens",
            url=url or system.rucio.url,
            account=account,
            username=account,
            password=system.rucio.password,
            timeout_s=60,
        )
        self.door = Door(system.buffer.data, system.buffer.url())
        self.storage = RucioStorage(self.access, BUFFER, self.door)
        self.did = Did(Rucio.scope, f"swf.{number}.run")
        self.spec = DatasetSpec(did=self.did, run=number, sites=SITES)

    def file(self, sequence: int, size: int = 20_000) -> StoredFile:
        """A file of the run, in the exit buffer."""
        name = f"swf.{self.number}.{sequence:06d}.stf"
        data = Random(name).randbytes(size)
        path = self.system.buffer.data / name
        path.write_bytes(data)
        return StoredFile(
            name=name,
            size_bytes=size,
            checksum=f"ad:{adler32(data):08x}",
            url=path.as_uri(),
            metadata={"run_number": self.number},
        )

    def files(self, count: int) -> list[StoredFile]:
        """So many of them."""
        return [self.file(sequence) for sequence in range(1, count + 1)]

    def delivered(self, files: list[StoredFile]) -> bool:
        """Whether all are at both sites; a server that is away has delivered nothing."""
        try:
            found = [copy for site in SITES for copy in self.storage.deliver(self.did, site, files)]
        except Unavailable:
            return False
        return {copy.state for copy in found} == {CopyState.ARRIVED}

    def rule(self) -> dict[str, object]:
        """The rule of the dataset, as the server has it."""
        (rule,) = Connection(self.access).ask("rules", lambda rucio: list(rucio.list_did_rules(*self.did)))
        return dict(rule)

    def catalogued(self) -> list[str]:
        """The names of the dataset's files, each as often as it is there."""
        return Connection(self.access).ask(
            "files", lambda rucio: sorted(one["name"] for one in rucio.list_content(*self.did))
        )


def wait_for(what: Callable[[], bool]) -> None:
    """Until it is so; there is nobody who would tell."""
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until, what
        time.sleep(0.5)
