"""A home with services, for readers of many pages one after another: quick runs, all agents or few."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from documented import ROOT
from swf_testbed.config.environment import load_settings
from swf_testbed.control.agents import agent_processes
from swf_testbed.control.supervision import wait_until
from swf_testbed.monitor_client import MonitorClient
from typed_home import TypedHome

T = TypeVar("T")
PATIENCE_S = 60

_QUICK = """
[daq_state_machine]
no_beam_not_ready_delay = 0.2
beam_not_ready_delay = 0.2
broadcast_delay = 0.2
beam_ready_delay = 0.2
beam_not_ready_end_delay = 0.2
standby_duration = 0.2
stf_interval = 0.5

[simulation]
recycle_frames = 32

[fastmon]
settle_time = 0.3
"""
"""A reader has more time. It stands in testbed.toml, so that commands are typed as the pages have them."""

_AGENTS = ("data", "fastmon", "fast_processing", "merger", "worker")


class ShiftHome(TypedHome):
    """The home of one who keeps a testbed up."""

    def furnish(self) -> None:
        """What a clone of the repository has besides, as far as pages name it."""
        (self.path / "testbed").symlink_to(Path(shutil.which("testbed", path=self.environment["PATH"]) or ""))
        (self.path / "setup.sh").write_text((ROOT / "setup.sh").read_text("utf-8"))
        shutil.copytree(ROOT / "workflows", self.path / "workflows", ignore=shutil.ignore_patterns("__*"))

    def agents(self, *wanted: str, quick: str = _QUICK) -> None:
        """Let testbed.toml have these agents from now on, all if none is named, and this besides."""
        tables = [
            f"[agents.{name}]\nenabled = {'true' if name in (wanted or _AGENTS) else 'false'}\n"
            for name in _AGENTS
        ]
        text = "\n".join(['[testbed]\nnamespace = "local"\n', *tables, quick])
        (self.path / "testbed.toml").write_text(text)

    def monitor(self) -> MonitorClient:
        """A client of its monitor, with the token of its user."""
        known = load_settings(self.environment)
        return MonitorClient(known.swf_monitor_http_url, known.api_token(), "swf/test")

    def pids(self, agent: str) -> set[int]:
        """Processes of an agent."""
        found = agent_processes(load_settings(self.environment))
        return {one.pid for one in found if one.group == agent and one.pid}

    def exit_buffer(self, run: int) -> Path:
        """Where the STF files of a run are."""
        return self.path / "var" / "exit-buffer" / str(run)


def until(check: Callable[[], T], what: str) -> T:
    """What a check gives once it gives something."""
    found: list[T] = []

    def holds() -> bool:
        found[:] = [check()]
        return bool(found[0])

    assert wait_until(holds, PATIENCE_S), f"it never came to: {what}"
    return found[0]


def following(monitor: MonitorClient, msg_type: str) -> bool:
    """Whether somebody follows the stream for messages of this type."""
    return any(msg_type in str(client.filters) for client in monitor.stream_status().clients)
