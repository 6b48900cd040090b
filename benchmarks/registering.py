"""STF files registered a second by the data agent's clerk, beside the bare client of Rucio.

    python benchmarks/registering.py [--files 400] [--rounds 5]

Both ask the same real server, in turns, in batches of the same size: the bare client by its bulk call
`add_files_to_dataset`, with the address and the metadata of each file. Compared is the best round of each.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from figures import Figure, tell

from swf_test_servers.rucio_system import BUFFER, RucioSystem
from swf_testbed.adapters.rucio import Access, Door, RucioStorage
from swf_testbed.adapters.storage import DatasetSpec, Did, StoredFile
from swf_testbed.agents.data.alarms import Alarms
from swf_testbed.agents.data.archive import Archive
from swf_testbed.agents.data.clerk import Clerk
from swf_testbed.agents.data.notes import Notes
from swf_testbed.agents.data.ports import Ports
from swf_testbed.agents.data.run_archive import RunArchive
from swf_testbed.config.environment import settings
from swf_testbed.model.names import StfName, dataset_name
from swf_testbed.runtime import AgentContext

LEAST = 0.8
"""Of the bare client's rate."""

BATCHES = (20, 100)
"""The testbed's default, and where more gains nothing."""

Register = Callable[[Did, Sequence[StoredFile]], object]


def files_of(run: int, count: int, folder: Path) -> list[StoredFile]:
    """So many files of a run; Rucio looks at none of them."""
    return [
        StoredFile(
            name=str(StfName(run, sequence)),
            size_bytes=2_000_000_000,
            checksum=f"ad:{sequence:08x}",
            url=(folder / str(StfName(run, sequence))).as_uri(),
            metadata={"run_number": run, "events": 1000},
        )
        for sequence in range(1, count + 1)
    ]


def bare(client: Any, door: Door, did: Did, files: Sequence[StoredFile]) -> None:
    """What a program without the testbed would do."""
    client.add_files_to_dataset(
        *did,
        [
            {
                "scope": did.scope,
                "name": file.name,
                "bytes": file.size_bytes,
                "adler32": file.adler32,
                "pfn": door.outside(file.url),
                "meta": dict(file.metadata),
            }
            for file in files
        ],
        rse=BUFFER,
    )


class ByClerk:
    """What the data agent does: files are noted in its archive, and its clerk registers a portion."""

    def __init__(self, storage: RucioStorage) -> None:
        self._storage = storage
        self._runs: dict[Did, tuple[Archive, Clerk]] = {}

    def __call__(self, did: Did, files: Sequence[StoredFile]) -> None:
        """Register so many files in one portion."""
        run = StfName.parse(files[0].name).run
        if did not in self._runs:
            self._runs = {did: self._begin(did, run)}
        archive, clerk = self._runs[did]
        archive.add(run, files)
        clerk.step()

    def _begin(self, did: Did, run: int) -> tuple[Archive, Clerk]:
        archive, nobody = Archive(), cast(Any, None)  # nothing is said in this: no alarm, no end of a run
        archive.take_up(RunArchive(DatasetSpec(did=did, run=run, sites=()), opened=True))
        context = AgentContext(settings(), "local", bus=nobody, monitor=nobody)
        notes, alarms = Notes(nobody), Alarms(context, nobody)
        ports = Ports(context, archive, self._storage, notes, alarms, nobody, nobody, max(BATCHES), 1.0)
        return archive, Clerk(ports)


def rate(register: Register, did: Did, files: Sequence[StoredFile], batch: int) -> float:
    """Files a second."""
    begin = time.perf_counter()
    for first in range(0, len(files), batch):
        register(did, files[first : first + batch])
    return len(files) / (time.perf_counter() - begin)


def main() -> int:
    """Measure and print; 1 if the agent is slower than asked."""
    parser = argparse.ArgumentParser(description="STF files registered in Rucio a second")
    parser.add_argument("--files", type=int, default=400, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    said = parser.parse_args()
    with RucioSystem() as system, tempfile.TemporaryDirectory(prefix="rucio-") as tokens:
        system.daemons.pause()  # they would take a part of the machine, now more, now less
        from rucio.client import Client

        rucio, door = system.rucio, Door(system.buffer.data, system.buffer.url())
        storage = RucioStorage(Access(token_dir=Path(tokens), **rucio.client()), BUFFER, door)
        client = Client(
            rucio_host=rucio.url,
            auth_host=rucio.url,
            account=rucio.account,
            auth_type="userpass",
            creds={"username": rucio.account, "password": rucio.password},
        )
        ways: dict[str, Register] = {"agent": ByClerk(storage), "bare": partial(bare, client, door)}
        best = {(way, batch): 0.0 for way in ways for batch in BATCHES}
        run = 500_000
        for turn in range(1 + said.rounds):
            for (way, batch), before in best.items():
                run += 1
                did = Did(rucio.scope, dataset_name(run))
                storage.open(DatasetSpec(did=did, run=run, sites=()))
                done = rate(ways[way], did, files_of(run, said.files, system.buffer.data), batch)
                print(f"{way}, {batch} at a time: {done:.0f} files/s", file=sys.stderr)
                if turn:  # the first warms up
                    best[way, batch] = max(before, done)
    figures = [
        Figure(
            f"registered, {batch} at a time",
            best["agent", batch],
            "files/s",
            "bare rucio-clients",
            best["bare", batch],
            "higher",
            LEAST,
        )
        for batch in BATCHES
    ]
    return 0 if tell(*figures) else 1


if __name__ == "__main__":
    sys.exit(main())
