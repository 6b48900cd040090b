"""Runs for tests of Rucio: files in the exit buffer, and the storage that is to bring them to the sites."""

from pathlib import Path
from random import Random
from zlib import adler32

from swf_test_servers.rucio import Rucio
from swf_test_servers.rucio_system import BUFFER, SITES, RucioSystem
from swf_testbed.adapters.rucio import Access, RucioStorage
from swf_testbed.adapters.rucio.access import Connection
from swf_testbed.adapters.storage import DatasetSpec, Did, StoredFile
from swf_testbed.adapters.storage.door import Door


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

    def catalogued(self) -> list[str]:
        """The names of the dataset's files, each as often as it is there."""
        return Connection(self.access).ask(
            "files", lambda rucio: sorted(one["name"] for one in rucio.list_content(*self.did))
        )
