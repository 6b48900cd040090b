"""A real monitor: broker in a thread, web server and intake as processes, a database of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import StompBus, open_bus
from swf_testbed.config.settings import Settings, load_settings
from swf_testbed.monitor_client import MonitorClient


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Instance:
    """One testbed's monitor."""

    home: Path
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        return load_settings(self.environment)

    @property
    def url(self) -> str:
        return self.settings.swf_monitor_http_url

    def client(self, agent: str = "test", patience_s: float = 15.0) -> MonitorClient:
        return MonitorClient(self.url, self.settings.api_token(), f"swf/{agent}", patience_s)

    def raw(self, *, token: bool = True) -> httpx.Client:
        headers = {"Authorization": f"Token {self.settings.api_token()}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api", headers=headers, trust_env=False, timeout=30)

    def bus(self) -> StompBus:
        bus = open_bus(self.settings)
        assert bus.wait_connected(10)
        return bus

    @contextmanager
    def program(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "swf_testbed.monitor", name], env=self.environment
        ) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(10)

    @contextmanager
    def serving(self) -> Iterator["subprocess.Popen[bytes]"]:
        with self.program("serve") as process:
            with MonitorClient(self.url, patience_s=20) as client:
                client.health()
            yield process


def new_instance(home: Path, broker_port: int, **more: str) -> Instance:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **inherited,
        "SWF_HOME": str(home),
        "SWF_MONITOR_HTTP_URL": f"http://127.0.0.1:{free_port()}",
        "ACTIVEMQ_PORT": str(broker_port),
        "PYTHONDEVMODE": "0",
        **more,
    }
    return Instance(home, environment)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    with RunningBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="session")
def instance(broker: RunningBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    found = new_instance(tmp_path_factory.mktemp("monitor"), broker.port)
    with found.serving(), found.program("intake"):
        yield found


@pytest.fixture
def make_instance(broker: RunningBroker, tmp_path: Path) -> Callable[..., Instance]:
    return lambda **more: new_instance(tmp_path, broker.port, **more)


@pytest.fixture
def client(instance: Instance) -> Iterator[MonitorClient]:
    with instance.client() as found:
        yield found


@pytest.fixture
def api(instance: Instance) -> Iterator[httpx.Client]:
    with instance.raw() as found:
        yield found


@pytest.fixture
def run_number(client: MonitorClient) -> int:
    """A run of this test alone."""
    return client.next_run_number()
