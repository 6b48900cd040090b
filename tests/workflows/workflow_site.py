"""Broker, monitor and intake for tests of workflows, and users who run workflows there."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from swf_test_servers import own_home
from swf_testbed.bus import Delivery, Inbox, StompBus, Subscription, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.services import start_services, stop_services
from swf_testbed.control.supervision import wait_until
from swf_testbed.messages import Message, Ping, RunWorkflow, decode
from swf_testbed.messages.control import Command
from swf_testbed.model import destinations
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Run, WorkflowExecution
from swf_testbed.runtime.asking import ask

PATIENCE_S = 120.0
Params = Mapping[str, Any]
QUICK: dict[str, Any] = {
    "daq_state_machine.no_beam_not_ready_delay": 0.05,
    "daq_state_machine.broadcast_delay": 0.05,
    "daq_state_machine.beam_not_ready_delay": 0.05,
    "daq_state_machine.beam_ready_delay": 0.05,
    "daq_state_machine.beam_not_ready_end_delay": 0.05,
    "daq_state_machine.standby_duration": 0.05,
    "daq_state_machine.stf_interval": 0.2,
    "daq_state_machine.stf_generation_time": 0.02,
    "daq_state_machine.stf_count": 2,
    "simulation.tf_per_stf": 50,
}


@dataclass
class Heard:
    """What is said on the topic, as it is said."""

    inbox: Inbox

    def until(self, enough: Callable[[list[Message]], bool]) -> list[Message]:
        """Everything up to the message with which it is enough."""
        found: list[Message] = []
        while not enough(found):
            taken: list[Delivery] = self.inbox.take(timeout_s=PATIENCE_S)
            assert taken, f"nothing more was said after {[one.msg_type for one in found]}"
            self.inbox.ack(taken)
            found += [decode(delivery.body) for delivery in taken]
        return found


def ended(run_id: int) -> Callable[[list[Message]], bool]:
    """Enough when a run has ended."""
    return lambda found: any(one.msg_type == "end_run" and one.run_id == run_id for one in found)


class User:
    """Somebody with a home folder, a namespace and a token; programs run as theirs."""

    def __init__(self, home: Path, namespace: str, environment: dict[str, str]) -> None:
        self.home, self.namespace, self.environment = home, namespace, environment
        (home / "workflows").mkdir(parents=True, exist_ok=True)
        (home / "testbed.toml").write_text(f'[testbed]\nnamespace = "{namespace}"\n')

    @cached_property
    def settings(self) -> Settings:
        return load_settings(self.environment)

    @cached_property
    def monitor(self) -> MonitorClient:
        return MonitorClient(self.settings.swf_monitor_http_url, self.settings.api_token(), "swf/test")

    @cached_property
    def bus(self) -> StompBus:
        return open_bus(self.settings)

    def close(self) -> None:
        self.bus.close()
        self.monitor.close()

    @contextlib.contextmanager
    def program(self, module: str, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """One of the testbed's programs, until the context ends."""
        with (self.home / f"{module}.log").open("ab") as log:
            command = [sys.executable, "-P", "-m", f"swf_testbed.{module}", *words]
            process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        with process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(PATIENCE_S)
                finally:
                    process.kill()

    @contextlib.contextmanager
    def runner(self) -> Iterator["subprocess.Popen[bytes]"]:
        """A workflow runner that is ready."""
        with self.program("workflows") as process:
            self.ask(Ping)
            yield process

    def ask(self, cls: type[Command], **fields: Any) -> dict[str, Any]:
        """What the runner answers."""
        return ask(self.bus, self.command(cls, **fields), "the runner", PATIENCE_S)

    def command(self, cls: type[Command], **fields: Any) -> Any:
        return cls(namespace=self.namespace, sender="test", requested_by="alice", **fields)

    def order(
        self, workflow: str = "stf_datataking", params: Params | None = None, *, realtime: bool = False
    ) -> RunWorkflow:
        """The command to run a workflow, quick and small unless it says otherwise."""
        said = {**QUICK, **(params or {})}
        order: RunWorkflow = self.command(RunWorkflow, workflow_name=workflow, realtime=realtime, params=said)
        return order

    def run(
        self, workflow: str = "stf_datataking", params: Params | None = None, *, realtime: bool = False
    ) -> tuple[str, int]:
        """Have a workflow run; execution id and run number."""
        done = ask(self.bus, self.order(workflow, params, realtime=realtime), "the runner", PATIENCE_S)
        return done["execution_id"], done["run_id"]

    @contextlib.contextmanager
    def hearing(self, namespace: str | None = None) -> Iterator[Heard]:
        """Hear what is said in a namespace from now on."""
        selector = f"namespace = '{namespace or self.namespace}'"
        inbox = self.bus.subscribe(Subscription(destinations.EVENTS, selector=selector))
        assert inbox.wait_established(PATIENCE_S)
        with contextlib.closing(inbox):
            yield Heard(inbox)

    def await_end(self, execution_id: str) -> WorkflowExecution:
        """The record of an execution that has ended."""

        def over() -> bool:
            return self.monitor.get(WorkflowExecution, execution_id).status.terminal

        assert wait_until(over, PATIENCE_S), f"{execution_id} is still open"
        return self.monitor.get(WorkflowExecution, execution_id)

    def await_run_end(self, number: int) -> Run:
        """The record of a run that has ended."""

        def over() -> bool:
            return any(run.end_time for run in self.monitor.list(Run, run_number=number))

        assert wait_until(over, PATIENCE_S), f"run {number} is still open"
        return self.monitor.get(Run, number)

    def files(self, number: int) -> int:
        """STF files of a run on disk."""
        return len(list((self.settings.state_dir / "exit-buffer" / str(number)).glob("*.stf")))

    def write(self, name: str, code: str, version: str = "1.0", folder: Path | None = None) -> Path:
        """Write a workflow of this user's own; the path of its configuration."""
        toml = (folder or self.home / "workflows") / f"{name}.toml"
        toml.parent.mkdir(parents=True, exist_ok=True)
        toml.with_suffix(".py").write_text(code)
        toml.write_text(f'[workflow]\nname = "{name}"\nversion = "{version}"\n')
        return toml


class Site:
    """The services; the first user is who started them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._addresses = own_home(folder)
        self.owner = User(folder / "owner", "local", self._environment("owner"))
        start_services(self.owner.settings)

    def _environment(self, name: str, **more: str) -> dict[str, str]:
        own = {"SWF_HOME": str(self.folder / name), "LOGNAME": name, "HOME": str(self.folder / name)}
        return {**os.environ, **self._addresses, **own, **more}

    def user(self, name: str) -> User:
        """Another user, with a home folder, a namespace and a token of their own, on the same services."""
        environment = self.owner.environment
        command = [sys.executable, "-m", "swf_testbed.cli.main", "token", name, "--create-user"]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        password = self.owner.settings.broker_password()
        more = {"SWF_API_TOKEN": done.stdout.strip(), "ACTIVEMQ_PASSWORD": password}
        return User(self.folder / name, f"of-{name}", self._environment(name, **more))

    def close(self) -> None:
        self.owner.close()
        stop_services(self.owner.settings)
