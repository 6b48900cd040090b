"""The monitor's web server alone, on an empty database: what REST and assistants' tools are measured on."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

from swf_test_servers import monitor_addresses
from swf_testbed.config.environment import load_settings
from swf_testbed.monitor_client import MonitorClient


class Served(NamedTuple):
    """A server that answers: its environment, address, a token of its owner, and its process."""

    environment: dict[str, str]
    url: str
    token: str
    process: psutil.Process


@contextmanager
def served(home: Path, database: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Start it; `database` are the variables that say which one, an SQLite below `home` without."""
    addresses = monitor_addresses()
    url = addresses["SWF_MONITOR_HTTP_URL"]
    environment = {
        **os.environ,
        **(database or {}),
        "SWF_HOME": str(home),
        **addresses,
        "SWF_LOG_LEVEL": "ERROR",
        "ACTIVEMQ_PORT": "1",
    }
    with subprocess.Popen([sys.executable, "-m", "swf_testbed.monitor", "serve"], env=environment) as server:
        try:
            with MonitorClient(url, patience_s=60) as client:
                client.metrics()
            token = load_settings(environment).api_token()
            yield Served(environment, url, token, psutil.Process(server.pid))
        finally:
            server.terminate()
            server.wait(30)
