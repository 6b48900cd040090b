"""The fast monitoring agent reads on elsewhere when a storage dies: real XRootD, by its protocol and HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastmon_files import StfMaker, ready
from monitor_instance import Instance

from swf_test_servers import Server, XRootD
from swf_testbed.agents.fastmon.agent import FastmonAgent
from swf_testbed.fastmon.sampling import choose
from swf_testbed.messages import Replica, StfReady
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import FastmonFile, Run, StfFile
from swf_testbed.runtime import AgentContext
from swf_testbed.stf.reader import StfReader

pytest.importorskip("XRootD")


class Sites:
    """Two storages with the same files, of which the first is preferred."""

    def __init__(self, storages: tuple[XRootD, XRootD], kinds: tuple[str, str], maker: StfMaker) -> None:
        self._storages, self._kinds, self._maker = storages, kinds, maker
        self.first = storages[0]

    def announced(self, sequence: int, namespace: str) -> StfReady:
        """A file at both."""
        path = self._maker.make(sequence)
        for storage in self._storages:
            (storage.data / path.name).write_bytes(path.read_bytes())
        replicas = tuple(
            Replica(site=site, url=_url(storage, kind, path.name), verified=True)
            for site, storage, kind in zip(("FIRST", "SECOND"), self._storages, self._kinds, strict=True)
        )
        return ready(path, namespace, file_url=replicas[0].url, replicas=replicas)


def _url(storage: XRootD, kind: str, name: str) -> str:
    return storage.url(name) if kind == "xrootd" else storage.http_url(name)


@pytest.fixture(params=[("xrootd", "http"), ("http", "xrootd")], ids="-".join)
def sites(
    request: pytest.FixtureRequest,
    start_server: Callable[[Callable[[], Server]], XRootD],
    run_number: int,
    tmp_path: Path,
) -> Sites:
    storages = start_server(XRootD), start_server(XRootD)
    return Sites(storages, request.param, StfMaker(tmp_path / "made", run_number))


def how_read(client: MonitorClient, stf: StfReady, made: Path) -> Any:
    """Where an STF was read and what that cost, as recorded; its samples are whole, and each frame once."""
    files = list(client.list(FastmonFile, stf_file=stf.filename))
    taken: list[int] = []
    for file in files:
        with StfReader.open(str(file.file_url)) as sample, StfReader.open(made / stf.filename) as source:
            numbers = sample.tf_numbers().tolist()
            assert list(sample.read_blocks()) == list(source.read_blocks(numbers))
        taken += numbers
    assert len(set(taken)) == len(taken) == 7  # a block of one frame in each part
    first, *others = [file.metadata["read"] for file in files]
    assert all(one == first for one in others)
    return first


def test_a_site_that_dies_between_stfs_or_within_one_is_named_and_another_is_read(
    sites: Sites,
    instance: Instance,
    client: MonitorClient,
    run_number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    namespace = f"failover-{run_number}"
    client.upsert([Run(run_number=run_number, namespace=namespace)])
    stfs = [sites.announced(sequence, namespace) for sequence in (1, 2, 3)]
    client.upsert([StfFile(stf_filename=one.filename, run=run_number, sequence=one.sequence) for one in stfs])

    def choose_and_die(*said: Any) -> Any:
        """The index is read, the frames are not."""
        sites.first.kill()
        monkeypatch.undo()
        return choose(*said)

    with instance.bus() as bus, client.events(0, namespace=namespace, msg_types=["fastmon_status"]) as events:
        heard = iter(events)
        agent = FastmonAgent(AgentContext(instance.settings, namespace, bus, client, name="fastmon"))
        agent.sample(stfs[0])
        monkeypatch.setattr("swf_testbed.agents.fastmon.sampling.choose", choose_and_die)
        agent.sample(stfs[1])
        agent.sample(stfs[2])
        told = [next(heard).data["message"] for _ in range(2)]
    whole, within, between = (how_read(client, stf, tmp_path / "made") for stf in stfs)
    assert whole["site"] == "FIRST"
    assert whole["bytes_read"] > 0
    assert "failed" not in whole
    for found, stf, text in ((within, stfs[1], told[0]), (between, stfs[2], told[1])):
        assert found["site"] == "SECOND"
        assert found["requests"] > 1
        assert [failed["site"] for failed in found["failed"]] == ["FIRST"]
        assert text == f"{stf.filename} at FIRST: {found['failed'][0]['error']}"
    # What was read before the server died is counted where it was read.
    assert within["failed"][0]["bytes_read"] > 0
    assert between["failed"][0]["bytes_read"] == 0
