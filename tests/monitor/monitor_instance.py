"""One testbed's monitor, for tests: where it is, its clients, its programs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from swf_test_servers import monitor_addresses
from swf_testbed.bus import StompBus, Subscription, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.model import destinations
from swf_testbed.monitor_client import MonitorClient


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

    def client(self, agent: str = "test", patience_s: float = 30.0) -> MonitorClient:
        return MonitorClient(self.url, self.settings.api_token(), f"swf/{agent}", patience_s)

    def raw(self, *, token: bool = True) -> httpx.Client:
        headers = {"Authorization": f"Token {self.settings.api_token()}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api", headers=headers, trust_env=False, timeout=30)

    def bus(self) -> StompBus:
        bus = open_bus(self.settings)
        assert bus.wait_connected(10)
        return bus

    def manage(self, *words: str) -> str:
        """What one of Django's commands prints."""
        command = [sys.executable, "-m", "swf_testbed.monitor", "manage", *words]
        return subprocess.run(
            command, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    @contextmanager
    def program(self, name: str, stderr: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        command = [sys.executable, "-W", "error", "-m", "swf_testbed.monitor", name]
        with subprocess.Popen(command, env=self.environment, stderr=stderr) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)

    @contextmanager
    def taking_in(self, stderr: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        with self.bus() as bus:
            inbox = bus.subscribe(Subscription(destinations.STORED))
            with self.program("intake", stderr) as process:
                assert inbox.take(timeout_s=60)
                inbox.close()
                yield process

    @contextmanager
    def serving(self, stderr: int | None = None) -> Iterator["subprocess.Popen[bytes]"]:
        with self.program("serve", stderr) as process:
            with MonitorClient(self.url, patience_s=60) as client:
                client.health()
            yield process


def new_instance(home: Path, broker_port: int, **more: str) -> Instance:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **inherited,
        "SWF_HOME": str(home),
        **monitor_addresses(),
        "ACTIVEMQ_PORT": str(broker_port),
        **more,
    }
    return Instance(home, environment)
