"""A testbed whose programs meet their broker, monitor and database through proxies.

The embedded stack: our broker and SQLite, under the testbed's own supervisord. The other stack: ActiveMQ
Artemis and PostgreSQL, servers of their own, started and ended here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.proxy import Proxy
from swf_test_servers import free_port
from swf_test_servers.server import Server
from swf_testbed.bus import StompBus, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import AGENTS_FILE, agent_processes, agents_supervisord, start_agents
from swf_testbed.control.crew import crew_said
from swf_testbed.control.places import broker_password
from swf_testbed.control.programs import public_environment, service_programs, supervisor_file
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.roll_call import await_ready
from swf_testbed.control.services import SERVICES_FILE, service_status, services_supervisord
from swf_testbed.control.supervision import Supervisord, wait_until
from swf_testbed.model.clock import now
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor_client import MonitorClient

NAMESPACE = "bench"
WORKFLOW = "fast_processing"
UP_S = 300.0

_PORTS = ("broker", "monitor", "tls", "database")
Servers = dict[str, Server]
"""Those that are no programs of the testbed, by name."""


class Stack:
    """One testbed, up from `start` to `stop`.

    Args:
        home: its folder, made here.
        servers: a broker and a database that run already; none for the embedded ones.
        environment: what leads to those servers.
        toml: more of testbed.toml.
        proxied: whether a proxy stands before broker, monitor and database.
        workers: how many supervisord keeps.
    """

    def __init__(
        self,
        home: Path,
        servers: Servers | None = None,
        environment: dict[str, str] | None = None,
        toml: str = "",
        *,
        proxied: bool = True,
        workers: int = 2,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        agents = "[agents.data]\n[agents.fastmon]\n[agents.fast_processing]\n[agents.merger]\n"
        agents += f"[agents.worker]\ncount = {workers}\n" if workers else ""
        text = f'[testbed]\nnamespace = "{NAMESPACE}"\n{agents}{toml}'
        (home / "testbed.toml").write_text(text)
        self.servers = servers or {}
        said = {"SWF_HOME": str(home), **(environment or {})}
        ports = {name: free_port() for name in _PORTS}
        ports["broker"] = int(said.get("ACTIVEMQ_PORT", ports["broker"]))
        ports["database"] = int(said.get("DB_PORT", ports["database"]))
        doors = {name: free_port() for name in _PORTS} if proxied else ports
        self._behind, self._doors = ports, doors
        self.direct = _settings(said, ports)
        """As nothing that fails lies between."""
        self._services = _settings(said, {**doors, "monitor": ports["monitor"], "tls": ports["tls"]})
        self._agents = _settings(said, {**doors, "tls": ports["tls"]})
        self._proxied = proxied
        self.proxies: dict[str, Proxy] = {}

    @property
    def embedded(self) -> bool:
        """Whether broker and database are our own."""
        return not self.servers

    def start(self) -> None:
        """Bring up everything; returns when all is ready."""
        if self._proxied:
            names = ("broker", "monitor") if self.embedded else ("broker", "monitor", "database")
            self.proxies = {name: Proxy(self._behind[name], self._doors[name]) for name in names}
        self.start_services()
        self.start_agents()

    def start_services(self) -> None:
        """Bring up the services: each listens where it is expected, and looks for others behind a proxy."""
        services = self._services
        supervisord = services_supervisord(services)
        secrets = _secrets(self.direct)
        services.log_dir.mkdir(parents=True, exist_ok=True)
        services.state_dir.mkdir(parents=True, exist_ok=True)
        text = supervisor_file(
            services,
            socket=supervisord.socket,
            name="services",
            programs=service_programs(self.direct),
            environment=public_environment(services),
        )
        supervisord.start(text, secrets)
        for program in service_programs(self.direct):
            supervisord.begin(program.name)
        self.await_services()

    def start_agents(self) -> None:
        """Start runner and agents, and wait until each has said that it is ready."""
        crew = crew_said(self._agents, WORKFLOW)
        since = now()
        with _environment(_secrets(self.direct)):
            processes = start_agents(self._agents, crew.agents)
        until = time.monotonic() + UP_S
        with self.monitor() as monitor:
            while True:
                try:
                    await_ready(self._agents, monitor, crew, processes, since)
                except Unavailable:  # on a machine that is very busy it only takes longer
                    if time.monotonic() > until:
                        raise
                else:
                    return

    def await_services(self) -> None:
        """Wait until every service answers."""
        self._await(lambda: all(one.ready for one in service_status(self.direct)), "services")

    def await_agents(self) -> None:
        """Wait until every process of the agents runs."""
        agents = self._agents
        self._await(
            lambda: bool(found := agent_processes(agents)) and all(one.running for one in found), "agents"
        )

    def _await(self, check: Callable[[], bool], what: str) -> None:
        if not wait_until(check, UP_S):
            said = [(one.name, one.state) for one in self.processes()]
            raise TimeoutError(f"the {what} are not up after {UP_S:.0f} s: {said}")

    def stop(self) -> None:
        """End agents, services and proxies; servers are for others to end."""
        self.agents_supervisord.shut_down(first="workflow_runner")
        self.services_supervisord.shut_down()
        for proxy in self.proxies.values():
            proxy.close()

    @property
    def agents_supervisord(self) -> Supervisord:
        """Of runner and agents."""
        return agents_supervisord(self.direct)

    @property
    def services_supervisord(self) -> Supervisord:
        """Of broker, monitor and intake."""
        return services_supervisord(self.direct)

    def processes(self) -> list[Any]:
        """All programs under a supervisord."""
        return [*self.services_supervisord.processes(), *self.agents_supervisord.processes()]

    def pids(self, program: str) -> list[int]:
        """The processes of a program or server."""
        if program in self.servers:
            return family(self.servers[program].pid)
        return [one.pid for one in self.processes() if one.group == program and one.pid]

    def supervisorctl(self, verb: str, program: str) -> None:
        """What an operator does to a program."""
        services = {one.name for one in service_programs(self.direct)}
        file = SERVICES_FILE if program.partition(":")[0] in services else AGENTS_FILE
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", file, verb, program]
        subprocess.run(command, cwd=self.direct.swf_home, check=True, capture_output=True)

    def monitor(self) -> MonitorClient:
        """The monitor, asked directly."""
        return open_monitor(self.direct)

    def bus(self) -> StompBus:
        """The broker, asked directly."""
        return open_bus(self.direct)


def _settings(said: dict[str, str], ports: dict[str, int]) -> Settings:
    return load_settings(
        {
            **said,
            "SWF_MONITOR_HTTP_URL": f"http://127.0.0.1:{ports['monitor']}",
            "SWF_MONITOR_URL": f"https://127.0.0.1:{ports['tls']}",
            "ACTIVEMQ_PORT": str(ports["broker"]),
            "DB_PORT": str(ports["database"]),
        }
    )


def _secrets(settings: Settings) -> dict[str, str]:
    secrets = {"ACTIVEMQ_PASSWORD": broker_password(settings)}
    if settings.db_password is not None:
        secrets["DB_PASSWORD"] = settings.db_password.get_secret_value()
    return secrets


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    """What a program that is started in the context inherits."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def send(pids: list[int], number: signal.Signals) -> None:
    """A signal to processes that may have ended."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        parent = psutil.Process(pid)
        return [pid, *(child.pid for child in parent.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def await_gone(pids: list[int], timeout_s: float = 30.0) -> None:
    """Wait until processes have ended."""
    until = time.monotonic() + timeout_s
    while any(psutil.pid_exists(pid) and _alive(pid) for pid in pids):
        if time.monotonic() > until:
            raise TimeoutError(f"processes {pids} have not ended")
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """A stack, up until the context ends."""
    with ExitStack() as end:
        end.callback(stack.stop)
        stack.start()
        yield stack
