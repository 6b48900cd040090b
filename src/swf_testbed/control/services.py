"""The services: those that we run, under one supervisord, and those that others run, which must answer.

In mode `embedded` broker, monitor and intake are ours; in mode `local` a database server and a broker run
already; in mode `docker` compose brings them up.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from swf_testbed.config.settings import Mode, Settings
from swf_testbed.control.containers import bring_up, take_down
from swf_testbed.control.orphans import end_orphans
from swf_testbed.control.places import broker_password, control_lock, socket_dir
from swf_testbed.control.programs import (
    INTAKE,
    STOP_WAIT_S,
    external_services,
    identity,
    public_environment,
    service_names,
    service_programs,
    supervisor_file,
)
from swf_testbed.control.readiness import GREETINGS, Answer, Endpoint, Greeting, endpoints
from swf_testbed.control.supervision import Process, Supervisord, wait_until
from swf_testbed.model.errors import Refused, Unavailable

SERVICES_FILE = "supervisord.conf"
READY_S = 60.0
"""How long a service may take until it answers: the first start makes the database."""

LEAVE_S = 20.0
"""How long a service that lost its supervisord may take to leave its port."""

GONE_S = 1.0
"""A service of two ports does not leave both in the same moment."""

EXTERNAL = "external"
_NAME = "services"
_LOG_LINES = 8

Tell = Callable[[str], None]
"""Told what is done at the moment, for a person who waits."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How a service is: what supervisord says of its process, and what it says itself.

    `said` is its version, or why the answer is not what it should be. A service that others run has the state
    `external`.
    """

    name: str
    state: str
    pid: int | None
    address: str | None
    answer: Answer
    said: str = ""

    @property
    def ready(self) -> bool:
        """Ours, running and answering."""
        return self.state in {"RUNNING", EXTERNAL} and self.answer is Answer.OURS


def services_supervisord(settings: Settings) -> Supervisord:
    """The supervisord of the services."""
    return Supervisord(settings.swf_home / SERVICES_FILE, socket_dir(settings) / "services.sock")


def service_status(settings: Settings) -> list[ServiceStatus]:
    """Each service, by a handshake where it has an address."""
    supervisord = services_supervisord(settings)
    rows = {process.name: process for process in supervisord.processes()}
    return [_status(settings, name, rows.get(name)) for name in service_names(settings)]


def _status(settings: Settings, name: str, process: Process | None) -> ServiceStatus:
    expected = endpoints(settings).get(name, ())
    address = " ".join(map(str, expected)) or None
    if name in external_services(settings):
        greeting = GREETINGS[name](settings)
        return ServiceStatus(name, EXTERNAL, None, address, greeting.answer, greeting.said)
    state = process.state if process else "STOPPED"
    if expected:
        greeting = GREETINGS[name](settings)
        if greeting.answer is Answer.OURS and not (process and process.live):
            greeting = Greeting(Answer.STRANGER, "answers, but is not under our supervisor")
    else:
        greeting = Greeting(Answer.OURS if process and process.running else Answer.NOBODY)
    return ServiceStatus(
        name, state, process.pid if process else None, address, greeting.answer, greeting.said
    )


def start_services(settings: Settings, tell: Tell = lambda _: None) -> list[ServiceStatus]:
    """Bring up what is down, and wait until all answer; how they are then.

    Raises:
        Refused: no docker for mode `docker`, services of another mode, or a taken port.
        Unavailable: a service does not come up, the end of its log says why; or one that others run is away.
    """
    if settings.swf_mode is Mode.DOCKER:
        tell("bringing up the containers")
        bring_up(settings)
    _require_external(settings)
    with control_lock(settings):
        supervisord = services_supervisord(settings)
        refuse_other_mode(settings, supervisord)
        secrets = (
            {"ACTIVEMQ_PASSWORD": broker_password(settings)} if settings.swf_mode is Mode.EMBEDDED else {}
        )
        settings.log_dir.mkdir(parents=True, exist_ok=True)
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        text = services_file(settings, supervisord.socket)
        if supervisord.up and _written(supervisord.file) != text:
            tell("the settings have changed: starting the services again")
            supervisord.shut_down()
        if not supervisord.up:
            end_orphans(supervisord.socket, STOP_WAIT_S)
            for program in service_programs(settings):
                _await_free(settings, program.name, endpoints(settings).get(program.name, ()))
            supervisord.start(text, secrets)
        _begin(settings, supervisord, tell)
    return service_status(settings)


def refuse_other_mode(settings: Settings, supervisord: Supervisord) -> None:
    """Raises `Refused`, with the remedy, when services of another mode run."""
    found = supervisord.identity
    if found not in {None, identity(settings, _NAME)}:
        other = str(found).removeprefix(f"{_NAME}-")
        raise Refused(
            f"services of mode {other} are up; `testbed stop` ends them, or set SWF_MODE={other} to use them"
        )


def _require_external(settings: Settings) -> None:
    for name in external_services(settings):
        greeting = GREETINGS[name](settings)
        if greeting.answer is not Answer.OURS:
            (endpoint,) = endpoints(settings)[name]
            why = greeting.said or "nobody listens there"
            raise Unavailable(
                f"the {name} at {endpoint} does not answer as it should: {why}; in mode "
                f"{settings.swf_mode.value} it has to be up before the testbed"
            )


def services_file(settings: Settings, socket: Path) -> str:
    """The text of the services' configuration file."""
    return supervisor_file(
        settings,
        socket=socket,
        name=_NAME,
        programs=service_programs(settings),
        environment=public_environment(settings),
    )


def _written(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _await_free(settings: Settings, service: str, expected: Sequence[Endpoint]) -> None:
    """A service that lost its supervisord is leaving; anybody else at the port stays."""
    if not expected:
        return
    leaving = GREETINGS[service](settings).answer is Answer.OURS
    wait_until(lambda: not any(one.taken for one in expected), LEAVE_S if leaving else GONE_S)
    for endpoint in expected:
        if endpoint.taken:
            raise Refused(
                f"port {endpoint.port} of {endpoint.host}, where the {service} listens, belongs to "
                f"another program; end that, or set {endpoint.variable} to a free port"
            )


def _begin(settings: Settings, supervisord: Supervisord, tell: Tell) -> None:
    """Broker and monitor come up side by side; the intake needs both."""
    names = [program.name for program in service_programs(settings)]
    for name in names:
        if name != INTAKE:
            supervisord.begin(name)
    for name in names:
        if name == INTAKE:
            supervisord.begin(name)
        tell(f"waiting for the {name}")
        _await_ready(settings, supervisord, name)


def _await_ready(settings: Settings, supervisord: Supervisord, name: str) -> None:
    state = "STARTING"

    def settled() -> bool:
        nonlocal state
        process = next(row for row in supervisord.processes() if row.name == name)
        state = process.state
        return state == "FATAL" or _status(settings, name, process).ready

    if not wait_until(settled, READY_S) or state == "FATAL":
        raise Unavailable(f"the {name} did not come up ({state}); {log_end(settings, name)}")


def log_end(settings: Settings, program: str) -> str:
    """The last lines of a program's log, and where it is."""
    path = settings.log_dir / f"{program}.log"
    lines = path.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:] if path.is_file() else []
    return f"the end of {path}:\n" + "\n".join(f"  {line}" for line in lines)


def stop_services(settings: Settings) -> bool:
    """End the services; False when they were down."""
    with control_lock(settings):
        ended = services_supervisord(settings).shut_down()
        if settings.swf_mode is Mode.DOCKER:
            take_down(settings)
        return ended
