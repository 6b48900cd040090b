"""The agent manager's process: one a user at a broker, in the foreground or detached."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import psutil

from swf_testbed.config.environment import child_environment, username
from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.identity import Kept, ProcessIdentity
from swf_testbed.control.living import living_agents
from swf_testbed.control.manager.agent import TYPE, AgentManager
from swf_testbed.control.manager.asking import Manager
from swf_testbed.control.manager.documents import ManagerState
from swf_testbed.control.places import private_state
from swf_testbed.control.programs import public_environment
from swf_testbed.control.readiness import Answer, connected_bus, open_monitor
from swf_testbed.control.services import Tell, log_end, start_services
from swf_testbed.control.supervision import wait_until
from swf_testbed.model import destinations
from swf_testbed.model.errors import Refused, SwfError, Unavailable
from swf_testbed.model.names import AgentName
from swf_testbed.runtime import run_agent

PROGRAM = "agent-manager"
READY_S = 60.0
LOG_BYTES = 10_000_000
END_S = 120.0
"""A command that is under way is carried out first."""

_PING_S = 3.0
_DETACHED = Path(__file__).parents[1] / "detached.py"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ManagerStatus:
    """Whether this home's agent manager runs, and whether it answers on its queue."""

    control_queue: str
    process: ProcessIdentity | None
    answer: Answer
    state: ManagerState | None = None
    said: str = ""


class _Running(Kept):
    """Who holds the lock."""

    process: ProcessIdentity


def serve(settings: Settings, tell: Tell) -> int:
    """Be the agent manager until a signal ends it; brings up the services first. The exit code.

    Raises:
        Refused: the user has one already.
        Unavailable: the services do not come up.
    """
    with _alone(settings):
        start_services(settings, tell)
        _refuse_elsewhere(settings)
        tell(f"agent manager of {username()}: commands on {destinations.testbed_control(username())}")
        try:
            return run_agent(AgentManager)
        except Exception:
            _log.exception("the agent manager has failed")
            raise


def detach(settings: Settings, tell: Tell) -> ManagerStatus:
    """Start the agent manager as a process of its own, and wait until it answers.

    Raises:
        Refused: it runs already.
        Unavailable: it does not come up; the end of its log says why.
    """
    running = _process(settings)
    if running is not None:
        raise Refused(_already(running))
    start_services(settings, tell)
    process = _spawn(settings)
    tell("waiting for the agent manager")
    found = manager_status(settings)

    def settled() -> bool:
        nonlocal found
        found = manager_status(settings)
        return found.answer is Answer.OURS or not process.alive

    if not wait_until(settled, READY_S) or found.answer is not Answer.OURS:
        end(settings)
        raise Unavailable(f"the agent manager did not come up; {log_end(settings, PROGRAM)}")
    return found


def _spawn(settings: Settings) -> ProcessIdentity:
    manager = [sys.executable, "-P", "-m", "swf_testbed.cli.main", PROGRAM]
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(_DETACHED), str(_log_file(settings)), *manager],
        env=child_environment(public_environment(settings)),
        cwd=settings.swf_home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    identity = ProcessIdentity.of(int(done.stdout))
    if identity is None:
        raise Unavailable(f"the agent manager ended at once; {log_end(settings, PROGRAM)}")
    return identity


def _log_file(settings: Settings) -> Path:
    """The log, begun anew when it has become large."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    path = settings.log_dir / f"{PROGRAM}.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
    return path


def end(settings: Settings) -> bool:
    """End the agent manager of this home; False if there was none. Agents go on.

    Raises:
        Unavailable: it did not end in time.
    """
    running = _process(settings)
    if running is None:
        return False
    with suppress(psutil.NoSuchProcess):
        psutil.Process(running.pid).terminate()
    if not wait_until(lambda: not running.alive, END_S):
        raise Unavailable(f"the agent manager (process {running.pid}) has not ended within {END_S:.0f} s")
    return True


def manager_status(settings: Settings) -> ManagerStatus:
    """How the agent manager of this home is: its process, and its answer to a `ping`."""
    queue, process = destinations.testbed_control(username()), _process(settings)
    if process is None:
        return ManagerStatus(queue, None, Answer.NOBODY)
    try:
        state = _ping(settings)
    except SwfError as error:
        return ManagerStatus(queue, process, Answer.NOBODY, said=str(error))
    answer = Answer.OURS if state.pid == process.pid else Answer.STRANGER
    return ManagerStatus(queue, process, answer, state)


def _ping(settings: Settings) -> ManagerState:
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    with connected_bus(settings) as bus:
        return Manager.own(bus, namespace).ping(_PING_S)


def _process(settings: Settings) -> ProcessIdentity | None:
    running = _Running.read(_running_file(settings))
    return running.process if running and running.process.alive else None


def _running_file(settings: Settings) -> Path:
    return settings.private_dir / f"{PROGRAM}.json"


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Hold the lock of this home, and tell others who does."""
    with (private_state(settings) / f"{PROGRAM}.lock").open("a") as handle:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise Refused(_already(_process(settings))) from None
        file = _running_file(settings)
        _Running(process=ProcessIdentity.own()).write(file)
        try:
            yield
        finally:
            file.unlink(missing_ok=True)


def _already(running: ProcessIdentity | None) -> str:
    who = f" (process {running.pid})" if running else ""
    return f"your agent manager runs already{who}; `testbed agent-manager --stop` ends it"


def _refuse_elsewhere(settings: Settings) -> None:
    """The user may have one at this broker from another home or machine; a dead one does not count."""
    with open_monitor(settings) as monitor:
        users = {AgentName.parse(one.instance_name).user for one in living_agents(monitor, agent_type=TYPE)}
    if username() not in users:
        return
    try:
        other = _ping(settings)
    except Unavailable:
        return
    raise Refused(
        f"an agent manager of {other.user} runs already: process {other.pid} on {other.hostname}, "
        f"for {other.home}; end that first"
    )
