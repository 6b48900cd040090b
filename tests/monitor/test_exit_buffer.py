"""The exit buffer read from elsewhere, with a token, through the monitor or nginx; else where copies are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmon_files import StfMaker, ready
from monitor_instance import Instance

from documented import Guide
from swf_test_servers import Nginx, Server, XRootD
from swf_testbed.agents.fastmon.agent import FastmonAgent
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import Replica
from swf_testbed.model.errors import Refused
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.exit_buffer import ExitBufferDoor
from swf_testbed.records import FastmonFile, FileReplica, Run, StfFile
from swf_testbed.runtime import AgentContext
from swf_testbed.stf.ranges import read_ranges
from typed_home import TypedHome, needs

RUN = 100_010
NAMESPACE = "remote"
GUIDE = Guide("how-to/read-from-elsewhere.md")


@dataclass
class Buffer:
    """An exit buffer with one STF file, and the monitor that serves it."""

    instance: Instance
    client: MonitorClient
    path: Path

    @property
    def url(self) -> str:
        return f"{self.instance.url}/exit-buffer/{RUN}/{self.path.name}"

    @contextmanager
    def fastmon(self, **environment: str) -> Iterator[FastmonAgent]:
        settings = load_settings({**self.instance.environment, **environment})
        with self.instance.bus() as bus:
            agent = FastmonAgent(AgentContext(settings, NAMESPACE, bus, self.client, name="fastmon"))
            yield agent
            agent.on_stop()

    def read_at(self) -> list[str]:
        """The sites at which the samples of the file were read."""
        files = self.client.list(FastmonFile, stf_file=self.path.name)
        read: list[Any] = [file.metadata["read"] for file in files]
        return [one["site"] for one in read]


@pytest.fixture
def buffer(make_instance: Callable[..., Instance]) -> Iterator[Buffer]:
    one = make_instance(SWF_PUBLIC_READ="true")
    folder = one.settings.state_dir / "exit-buffer" / str(RUN)
    path = StfMaker(folder, RUN).make(1)
    with one.serving(), one.client() as client:
        client.upsert([Run(run_number=RUN, namespace=NAMESPACE)])
        client.upsert([StfFile(stf_filename=path.name, run=RUN, sequence=1)])
        yield Buffer(one, client, path)


def read_with_curl(buffer: Buffer, folder: Path) -> bytes:
    """The bytes that the guide's command prints."""
    needs("curl")
    shown = "https://swf.example.org/swf-monitor/exit-buffer/100010/swf.100010.000001.stf"
    reader = TypedHome.of(folder, {"TOKEN": buffer.instance.settings.api_token()})
    *lines, _end = reader.typed(GUIDE.block("curl -H", {shown: buffer.url})).splitlines()
    octets = [octet for line in lines for octet in line.partition(">")[0].split()[1:]]
    return bytes.fromhex("".join(octets))


def test_files_are_read_with_a_token_alone_and_never_written(buffer: Buffer, tmp_path: Path) -> None:
    whole = buffer.path.read_bytes()
    assert read_with_curl(buffer, tmp_path) == whole[:64]
    token = {"Authorization": f"Token {buffer.instance.settings.api_token()}"}
    wrong = {"Authorization": f"Token {'0' * 64}"}
    with httpx.Client(trust_env=False) as anybody:
        for headers in ({}, wrong):
            refused = anybody.get(buffer.url, headers=headers)
            assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Token")
            assert "testbed token" in refused.json()["detail"]
        assert anybody.get(buffer.url, headers=token).content == whole
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert anybody.request(method, buffer.url, headers=token).status_code == 405
        with pytest.raises(Refused, match="401 Unauthorized; it needs a token"):
            read_ranges(buffer.url, [(0, 8)])
    assert buffer.path.read_bytes() == whole

    door = ExitBufferDoor(buffer.instance.settings, "swf/test")
    client = door.client(buffer.url)
    found = read_ranges(buffer.url, [(100, 30), (len(whole) - 5, 5), (0, 64)], gap=0, client=client)
    assert found.data == [whole[100:130], whole[-5:], whole[:64]]
    assert door.client("http://elsewhere.example.org/exit-buffer/a.stf") is None
    door.close()


def test_nothing_but_stf_files_of_the_exit_buffer_is_served(buffer: Buffer, tmp_path: Path) -> None:
    folder = buffer.path.parent
    (tmp_path / "outside.stf").write_text("no business of readers")
    (folder / "link.stf").symlink_to(tmp_path / "outside.stf")
    (folder / "notes.txt").write_text("notes")
    token = {"Authorization": f"Token {buffer.instance.settings.api_token()}"}
    with httpx.Client(base_url=buffer.instance.url, headers=token, trust_env=False) as reader:
        for path in (
            f"{RUN}/link.stf",
            f"{RUN}/notes.txt",
            f"{RUN}",
            f"{RUN}/gone.stf",
            "..%2f..%2foutside.stf",
            "%2e%2e/private/token",
            f"{RUN}/a%00b.stf",
            f"{'a' * 5000}.stf",
        ):
            assert reader.get(f"/exit-buffer/{path}").status_code == 404, path


class ReadOnly(XRootD):
    """Configured as the guide says, but for its places and its ports."""

    def prepare(self) -> None:
        super().prepare()
        file = self.folder / "xrootd.cfg"
        shown = GUIDE.block("all.export", {"/srv/xrootd": str(self.folder / "root")})
        said = {line.split()[0] for line in shown.splitlines()}
        own = [line for line in file.read_text().splitlines() if line.split()[0] not in said]
        file.write_text("\n".join([*own, shown]))


def test_fast_monitoring_reads_through_the_monitor_and_a_sites_copy_when_the_buffers_is_gone(
    buffer: Buffer, start_server: Callable[[Callable[[], Server]], XRootD]
) -> None:
    pytest.importorskip("XRootD")
    bnl = start_server(ReadOnly)
    (bnl.data / buffer.path.name).write_bytes(buffer.path.read_bytes())
    through = Replica(site="E0-BUFFER", url=buffer.url, verified=True)
    stf = ready(buffer.path, NAMESPACE, file_url=through.url, replicas=(through,))
    with buffer.fastmon(SWF_API_TOKEN="0" * 64) as agent, pytest.raises(Refused, match="needs a token"):
        agent.sample(stf)
    assert buffer.read_at() == []
    with buffer.fastmon() as agent:
        agent.sample(stf)
        assert set(buffer.read_at()) == {"E0-BUFFER"}

        buffer.path.unlink()
        there = FileReplica(site="BNL", url=bnl.url(buffer.path.name), verified=True)
        buffer.client.upsert([StfFile(stf_filename=buffer.path.name, replicas=(there,))])
        agent.sample(stf)
    assert set(buffer.read_at()) == {"BNL"}


def test_nginx_serves_the_files_and_asks_the_monitor_who_may_read(
    make_instance: Callable[..., Instance], start_server: Callable[[Callable[[], Nginx]], Nginx]
) -> None:
    one = make_instance(SWF_MONITOR_PUBLIC_URL="https://127.0.0.1/swf-monitor")

    def configuration(folder: Path, port: int) -> str:
        # nginx runs as somebody who may not read the folder of the tests.
        StfMaker(folder / "stf" / str(RUN), RUN).make(1)
        upstream = f"upstream swf_monitor {{ server 127.0.0.1:{one.settings.monitor_port}; }}"
        here = {"/home/swf/swf-testbed/var/exit-buffer/": f"{folder / 'stf'}/"}
        locations = GUIDE.block("location /swf-monitor/exit-buffer/", here)
        return f"{upstream} server {{ listen 127.0.0.1:{port}; {locations} }}"

    nginx = start_server(lambda: Nginx(configuration))
    (path,) = (nginx.folder / "stf").rglob("*.stf")
    url = f"http://127.0.0.1:{nginx.port}/swf-monitor/exit-buffer/{RUN}/{path.name}"
    with one.serving(), httpx.Client(trust_env=False) as reader:
        token = {"Authorization": f"Token {one.settings.api_token()}"}
        reader.headers.update(token)
        spans = [(0, 8), (1000, 20)]
        whole = path.read_bytes()
        assert read_ranges(url, spans, gap=0, client=reader).data == [whole[:8], whole[1000:1020]]
        for headers, method, status in (({"Authorization": ""}, "GET", 401), (token, "DELETE", 403)):
            assert reader.request(method, url, headers=headers).status_code == status
    assert path.exists()
