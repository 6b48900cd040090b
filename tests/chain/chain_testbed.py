"""A whole testbed in a folder and on ports of its own, driven as a user drives it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from swf_test_servers import monitor_addresses, own_home
from swf_testbed.bus import StompBus, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agent_processes
from swf_testbed.control.supervision import wait_until
from swf_testbed.monitor_client import MonitorClient

RUN_TIMEOUT_S = 150
QUICK = {
    "daq_state_machine.no_beam_not_ready_delay": 0.2,
    "daq_state_machine.beam_not_ready_delay": 0.2,
    "daq_state_machine.broadcast_delay": 0.2,
    "daq_state_machine.beam_ready_delay": 0.2,
    "daq_state_machine.beam_not_ready_end_delay": 0.2,
    "daq_state_machine.stf_interval": 1.0,
}
"""The states between the data are short; the data are taken in real time."""


@dataclass(frozen=True)
class Run:
    """How `testbed run --wait --json` ended."""

    code: int
    summary: dict[str, Any]
    said: str


class Testbed:
    """Commands of one testbed."""

    __test__ = False

    def __init__(self, home: Path, elsewhere: dict[str, str] | None = None) -> None:
        """With a broker and database of its own, or those that `elsewhere` leads to, in its `.env`."""
        home.mkdir()
        own = {"SWF_HOME": str(home), **monitor_addresses()} if elsewhere else own_home(home)
        (home / ".env").write_text("".join(f"{name}={value}\n" for name, value in (elsewhere or {}).items()))
        self.environment = {**os.environ, **own}
        self.settings: Settings = load_settings(own)

    @contextmanager
    def configured(self, *blocks: str, without: Sequence[str] = ()) -> Iterator[None]:
        """With a `testbed.toml`: what comes with the testbed, but for some tables, and these blocks."""
        shipped = files("swf_testbed.config").joinpath("shipped", "testbed.toml").read_text("utf-8")
        for table in without:
            shipped, found = re.subn(rf"^\[{re.escape(table)}\]\n(\w.*\n)*", "", shipped, flags=re.MULTILINE)
            assert found == 1, table
        file = self.settings.swf_home / "testbed.toml"
        file.write_text("\n".join([shipped, *blocks]))
        try:
            yield
        finally:
            file.unlink()

    def command(self, *words: str) -> subprocess.Popen[str]:
        """Start `testbed` with some words."""
        return subprocess.Popen(
            [sys.executable, "-m", "swf_testbed.cli.main", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `testbed` with some words to its end."""
        with self.command(*words) as process:
            out, err = process.communicate(timeout=RUN_TIMEOUT_S)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def start_run(
        self, stf_count: int, workflow: str = "fast_processing", /, **parameters: Any
    ) -> subprocess.Popen[str]:
        """Start `run WORKFLOW --wait --json`."""
        return self.quick(["run", workflow, "--wait", "--json"], stf_count, **parameters)

    def quick(self, words: Sequence[str], stf_count: int, **parameters: Any) -> subprocess.Popen[str]:
        """Start a `run ...` of some STFs and short states."""
        said = {**QUICK, **parameters}
        settings = [word for key, value in said.items() for word in ("--set", f"{key}={value}")]
        return self.command(*words, "--stf-count", str(stf_count), *settings)

    @staticmethod
    def finish(process: subprocess.Popen[str]) -> Run:
        """Wait for a run's end, and read its summary."""
        with process:
            out, err = process.communicate(timeout=RUN_TIMEOUT_S)
        assert out, err
        return Run(process.returncode, json.loads(out), err)

    def monitor(self) -> MonitorClient:
        """A client of its monitor."""
        return MonitorClient(self.settings.swf_monitor_http_url, self.settings.api_token(), "swf/test")

    def bus(self) -> StompBus:
        """A connection to its broker."""
        return open_bus(self.settings)

    def pid(self, name: str) -> int:
        """The process id of one live process of an agent."""
        return min(self._pids(name))

    def await_successor(self, name: str, dead: int, processes: int) -> None:
        """Wait until supervisord has put another in place of a dead process."""
        assert wait_until(lambda: len(self._pids(name) - {dead}) == processes, RUN_TIMEOUT_S)

    def _pids(self, name: str) -> set[int]:
        return {one.pid for one in agent_processes(self.settings) if one.group == name and one.pid}
