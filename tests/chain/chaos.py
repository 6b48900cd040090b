"""Kills parts of a testbed at random, and finds out for itself whether `status` tells the truth."""

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psutil
from chain_testbed import RUN_TIMEOUT_S, Testbed

from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agent_processes, agents_supervisord
from swf_testbed.control.manager.daemon import manager_status
from swf_testbed.control.readiness import Answer
from swf_testbed.control.services import service_status, services_supervisord
from swf_testbed.control.status import Status
from swf_testbed.control.status import testbed_status as status_of

KINDS = ("broker", "services' supervisord", "agents' supervisord", "agent", "agent manager")
PATIENCE_S = 60
EARLY = 1 / 3
"""So often something is killed while agents come up, and not in the run."""


def victims(seed: int, count: int) -> Iterator[str]:
    """Kinds in an order of chance; none comes again before all the others were there."""
    chance = random.Random(seed)  # a moment, not a secret
    while True:
        for kind in chance.sample(KINDS, len(KINDS)):
            if count == 0:
                return
            count -= 1
            yield kind


def kill(settings: Settings, kind: str, chance: random.Random) -> int:
    """kill -9 one of a kind; its process."""
    pid = _victim(settings, kind, chance)
    assert pid, f"there is no {kind} to kill"
    os.kill(pid, signal.SIGKILL)
    return pid


def _victim(settings: Settings, kind: str, chance: random.Random) -> int | None:
    if kind == "broker":
        return next(one.pid for one in service_status(settings) if one.name == "broker")
    if kind == "agent":
        return chance.choice([one.pid for one in agent_processes(settings) if one.pid])
    if kind == "agent manager":
        process = manager_status(settings).process
        return process.pid if process else None
    of = services_supervisord if kind == "services' supervisord" else agents_supervisord
    return of(settings).pid


@dataclass(frozen=True)
class Truth:
    """What can be seen without the testbed's own means."""

    broker: bool
    monitor: bool

    @classmethod
    def of(cls, settings: Settings) -> "Truth":
        """Now."""
        return cls(_broker_answers(settings), _monitor_answers(settings))


def await_truth(settings: Settings, killed: int) -> float:
    """Ask for the status until all that it says is so, and the dead is dead in it; how long that took, s."""
    begun = time.monotonic()
    while True:
        before = Truth.of(settings)
        said = status_of(settings)
        lies = _lies(said, (before, Truth.of(settings)), killed)
        took_s = time.monotonic() - begun
        if not lies:
            return took_s
        assert took_s < PATIENCE_S, lies


def _lies(said: Status, seen: tuple[Truth, Truth], killed: int) -> list[str]:
    processes = psutil.process_iter(["status"])
    alive = {one.pid for one in processes if one.info["status"] != psutil.STATUS_ZOMBIE}
    told = {service.name: service.pid for service in said.services if service.pid}
    told |= {process.full_name: process.pid for process in said.processes if process.pid}
    told |= {one.instance_name: one.pid for one in said.agents if one.pid}
    if said.manager.process:
        told["agent manager"] = said.manager.process.pid
    found = [f"{name} is process {pid}" for name, pid in told.items() if pid == killed or pid not in alive]
    for service in said.services:
        if service.name in {"broker", "monitor"}:
            answers = {getattr(one, service.name) for one in seen}
            if (service.answer is not Answer.NOBODY) not in answers:
                found.append(f"{service.name} is {service.answer.value}")
    runners = {one.instance_name for one in said.agents}
    found += [
        f"{one.execution.execution_id} is run by {one.runner}"
        for one in said.executions
        if one.runner is not None and one.runner not in runners
    ]
    return found


def _broker_answers(settings: Settings) -> bool:
    frame = (
        f"CONNECT\naccept-version:1.2\nhost:x\nlogin:{settings.activemq_user}\n"
        f"passcode:{settings.broker_password()}\n\n\0"
    )
    try:
        with socket.create_connection((settings.activemq_host, settings.activemq_port), timeout=5) as link:
            link.sendall(frame.encode())
            return link.recv(9) == b"CONNECTED"
    except OSError:
        return False


def _monitor_answers(settings: Settings) -> bool:
    try:
        url = f"{settings.swf_monitor_http_url}/api/health/"
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def kill_during_run(testbed: Testbed, kind: str, chance: random.Random) -> int:
    """Begin a run that goes on for long, and kill one of a kind while it comes up or goes on; its process.

    A run that comes up undisturbed must begin; the other must end, whatever it comes to.
    """
    if manager_status(testbed.settings).process is None:
        done = testbed.do("agent-manager", "--detach")
        assert done.returncode == 0, done.stderr
    testbed.do("stop-agents")
    early = chance.random() < EARLY
    with testbed.command("run", "fast_processing", "--stf-count", "1000") as process:
        assert process.stderr is not None
        if early:
            assert any("waiting for the agents" in line for line in process.stderr)
            killed = kill(testbed.settings, kind, chance)
        said = process.communicate(timeout=RUN_TIMEOUT_S)[1]
    assert "Traceback" not in said
    if not early:
        assert process.returncode == 0, said
        killed = kill(testbed.settings, kind, chance)
    return killed
