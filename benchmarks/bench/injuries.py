"""What can be done to each part of a testbed, and what a run may come to then."""

import random
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.stack import Stack, await_gone, family, send

TARGETS = (
    "broker", "database", "monitor", "intake", "runner", "data", "fastmon", "fast_processing", "merger",
    "worker", "supervisord",
)  # fmt: skip
FAULTS = ("kill", "stop", "restart", "cut", "slow")

STOP_S = 20.0
CUT_S, SLOW_S, DELAY_S = 2.0, 10.0, 0.2
DOWN_S = 2.0
"""How long a server that nobody supervises is away when it was killed."""

CELLS = tuple((target, fault) for target in TARGETS for fault in FAULTS)

_PROGRAMS = {"runner": "workflow_runner"}
_SERVERS = ("broker", "monitor", "database")


@dataclass(frozen=True, slots=True)
class Injury:
    """A fault of a target; `ends_run`: the run ends with it, by design, and what was taken is still whole."""

    target: str
    fault: str

    @property
    def ends_run(self) -> bool:
        """The detector's time passes while its runner is away: the successor ends the run in truth."""
        ended = self.target in {"runner", "supervisord"}
        return ended and self.fault in {"kill", "restart"}

    def reason_against(self, *, embedded: bool) -> str | None:
        """Why it makes no sense; None if it does."""
        if self.target == "supervisord" and self.fault in {"cut", "slow"}:
            return "speaks to nobody over a network"
        if self.target == "database" and embedded and self.fault != "stop":
            return "SQLite is a file: no process, no connection (`stop` locks it)"
        return None

    def inflict(self, stack: Stack, chance: random.Random) -> None:
        """Do it; returns when the fault is over and nothing but the testbed itself is left to mend it."""
        if self.target == "supervisord":
            _SUPERVISORD[self.fault](stack)
        elif self.target == "database" and stack.embedded:
            _lock_database(stack)
        else:
            _FAULTS[self.fault](stack, self.target, chance)


def _program(stack: Stack, target: str, chance: random.Random) -> tuple[str, list[int]]:
    """The name supervisord has for it, and its processes; one of several workers."""
    name = _PROGRAMS.get(target, target)
    if target in stack.servers:
        return name, stack.pids(name)
    found = sorted((one for one in stack.processes() if one.group == name), key=lambda one: str(one.name))
    one = chance.choice(found)
    return one.full_name, family(one.pid) if one.pid else []


def _kill(stack: Stack, target: str, chance: random.Random) -> None:
    _, pids = _program(stack, target, chance)
    send(pids[:1] if target not in stack.servers else pids, signal.SIGKILL)
    await_gone(pids)
    if target in stack.servers:
        stack.servers[target].kill()
        time.sleep(DOWN_S)
        stack.servers[target].start()


def _stop(stack: Stack, target: str, chance: random.Random) -> None:
    _, pids = _program(stack, target, chance)
    send(pids, signal.SIGSTOP)
    time.sleep(STOP_S)
    send(pids, signal.SIGCONT)


def _restart(stack: Stack, target: str, chance: random.Random) -> None:
    name, _ = _program(stack, target, chance)
    if target in stack.servers:
        stack.servers[target].stop()
        stack.servers[target].start()
    else:
        stack.supervisorctl("restart", name)


def _cut(stack: Stack, target: str, chance: random.Random) -> None:
    _trouble(stack, target, chance, CUT_S, None)


def _slow(stack: Stack, target: str, chance: random.Random) -> None:
    _trouble(stack, target, chance, SLOW_S, DELAY_S)


def _trouble(stack: Stack, target: str, chance: random.Random, seconds: float, delay_s: float | None) -> None:
    if target in _SERVERS:
        stack.proxies[target].trouble(None, seconds, delay_s)
    else:
        _, pids = _program(stack, target, chance)
        for proxy in stack.proxies.values():
            proxy.trouble(pids, seconds, delay_s)
    time.sleep(seconds)


_FAULTS: dict[str, Callable[[Stack, str, random.Random], None]] = {
    "kill": _kill,
    "stop": _stop,
    "restart": _restart,
    "cut": _cut,
    "slow": _slow,
}


def _lock_database(stack: Stack) -> None:
    """Nobody else writes meanwhile."""
    database = sqlite3.connect(stack.direct.database_file, timeout=30, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    time.sleep(STOP_S)
    database.execute("ROLLBACK")
    database.close()


def _kill_supervisord(stack: Stack) -> None:
    supervisord = stack.agents_supervisord
    pid = supervisord.pid
    assert pid is not None, "there is no supervisord to kill"
    programs = family(pid)
    send([pid], signal.SIGKILL)
    await_gone(programs)
    stack.start_agents()


def _stop_supervisord(stack: Stack) -> None:
    pid = stack.agents_supervisord.pid
    assert pid is not None, "there is no supervisord to stop"
    send([pid], signal.SIGSTOP)
    time.sleep(STOP_S)
    send([pid], signal.SIGCONT)


def _restart_supervisord(stack: Stack) -> None:
    stack.agents_supervisord.shut_down(first="workflow_runner")
    stack.start_agents()


_SUPERVISORD: dict[str, Callable[[Stack], None]] = {
    "kill": _kill_supervisord,
    "stop": _stop_supervisord,
    "restart": _restart_supervisord,
}
