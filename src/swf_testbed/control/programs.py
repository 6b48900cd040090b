"""What runs under the supervisors, and how supervisord is told."""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pydantic import SecretStr

from swf_testbed.config.documents import AgentEntry
from swf_testbed.config.memory import memory_environment
from swf_testbed.config.settings import Mode, Settings
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.runtime.catalogue import OWN_AGENTS

DATABASE, BROKER, MONITOR, INTAKE = "database", "broker", "monitor", "intake"
RUNNER = "workflow_runner"

STOP_WAIT_S = 15
"""How long a program may take to end before it is killed; a handler gets 10 s of it."""

_TETHER = Path(__file__).with_name("tether.py")


@dataclass(frozen=True, slots=True)
class Program:
    """One program, `count` processes of it."""

    name: str
    command: tuple[str, ...]
    count: int = 1


def service_names(settings: Settings) -> tuple[str, ...]:
    """The services of the mode that is set, in the order in which they are needed."""
    return (*external_services(settings), *(program.name for program in service_programs(settings)))


def external_services(settings: Settings) -> tuple[str, ...]:
    """Those that others run, and that have to be up already."""
    return () if settings.swf_mode is Mode.EMBEDDED else (DATABASE, BROKER)


def service_programs(settings: Settings) -> tuple[Program, ...]:
    """What we run: the monitor with its intake, in mode `embedded` a broker too."""
    monitor = Program(MONITOR, _module("monitor", "serve")), Program(INTAKE, _module("monitor", "intake"))
    if settings.swf_mode is not Mode.EMBEDDED:
        return monitor
    broker = _module(
        "broker", "--host", settings.activemq_host, "--port", str(settings.activemq_port),
        "--data", str(settings.state_dir / "broker"), "--user", settings.activemq_user,
        "--password-env", "ACTIVEMQ_PASSWORD", *_queue_bounds(settings),
    )  # fmt: skip
    return (Program(BROKER, broker), *monitor)


def _queue_bounds(settings: Settings) -> list[str]:
    bounds = {"messages": settings.swf_broker_queue_messages, "bytes": settings.swf_broker_queue_bytes}
    return [word for unit, most in bounds.items() if most for word in (f"--queue-{unit}", str(most))]


def agent_programs(agents: Mapping[str, AgentEntry], home: Path) -> tuple[Program, ...]:
    """The workflow runner, and the agents that are enabled.

    Raises:
        BadInput: names the agent that cannot be run as it is written.
    """
    enabled = (
        Program(name, _agent_command(name, entry, home), entry.count)
        for name, entry in agents.items()
        if entry.enabled
    )
    return (Program(RUNNER, _module("workflows")), *enabled)


def _module(package: str, *arguments: str) -> tuple[str, ...]:
    # -P: a file of the folder that somebody stands in must not pass for a library.
    return (sys.executable, "-P", "-m", f"swf_testbed.{package}", *arguments)


def _agent_command(name: str, entry: AgentEntry, home: Path) -> tuple[str, ...]:
    options = tuple(word for key, value in entry.options.items() for word in _option(key, value))
    if entry.script is not None and entry.module is not None:
        raise BadInput(f"agents.{name}", "script and module", "give one of them")
    if entry.script is not None:
        return (*_script_command(f"agents.{name}.script", entry.script, home), *options)
    if entry.module is not None:
        _check_module(f"agents.{name}.module", entry.module)
        return (sys.executable, "-P", "-m", entry.module, *options)
    if name not in OWN_AGENTS:
        raise BadInput("agent", name, f"{one_of(OWN_AGENTS)}, or have a script or module of yours")
    if options:
        raise BadInput(
            f"agents.{name}.options",
            entry.options,
            "the testbed's own agents have none; what they do is set in the sections of the components",
        )
    return _module("agents", name)


def _script_command(field: str, said: str, home: Path) -> tuple[str, ...]:
    script = home / Path(said).expanduser()
    if not script.is_file():
        raise BadInput(field, said, f"there is no file {script}")
    if script.suffix == ".py":
        return (sys.executable, str(script))
    if not os.access(script, os.X_OK):
        raise BadInput(field, said, "must end in .py or be executable")
    return (str(script),)


def _check_module(field: str, said: str) -> None:
    try:
        found = find_spec(said) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        raise BadInput(
            field,
            said,
            "cannot be imported; install its package into the testbed's environment, or use script",
        )


def _option(key: str, value: object) -> tuple[str, ...]:
    """A switch that is on stands alone, one that is off is left out."""
    name = f"--{key.replace('_', '-')}"
    if isinstance(value, bool):
        return (name,) if value else ()
    return (name, str(value))


def public_environment(settings: Settings) -> dict[str, str]:
    """What the settings were told, without passwords and tokens: those are inherited or read from files."""
    said = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    return {
        name.upper(): str(value)
        for name, value in said.items()
        if value is not None and not isinstance(value, SecretStr) and not _holds_password(name)
    }


def _holds_password(name: str) -> bool:
    return name == "redis_url"


def identity(settings: Settings, name: str) -> str:
    """What a supervisord calls itself, so that one of another mode is known."""
    return f"{name}-{settings.swf_mode.value}"


def supervisor_file(
    settings: Settings,
    *,
    socket: Path,
    name: str,
    programs: Iterable[Program],
    environment: Mapping[str, str],
) -> str:
    """The configuration file of a supervisord; also what `supervisorctl -c` reads.

    Args:
        settings: of this home.
        socket: where it listens.
        name: `services` or `agents`, for its log.
        programs: what it supervises.
        environment: given to it and all its programs; nothing secret, the file can be read by others.
    """
    logs = settings.log_dir
    head = f"""\
; Written by `testbed` at each start: changes here are lost. To look or act: supervisorctl -c THIS_FILE status
[unix_http_server]
file = {_text(socket)}
chmod = 0700

[supervisord]
identifier = {_text(identity(settings, name))}
logfile = {_text(logs / f"supervisord-{name}.log")}
logfile_maxbytes = 10MB
logfile_backups = 3
pidfile = {_text(socket.with_suffix(".pid"))}
childlogdir = {_text(logs)}
directory = {_text(settings.swf_home)}
nocleanup = true
environment = {_environment(environment)}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://{_text(socket)}
"""
    return head + "".join(_section(program, logs) for program in programs)


def _section(program: Program, logs: Path) -> str:
    command = shlex.join([sys.executable, "-I", "-S", str(_TETHER), *program.command])
    name = "%(program_name)s" if program.count == 1 else "%(program_name)s_%(process_num)02d"
    return f"""
[program:{program.name}]
command = {_text(command)}
process_name = {name}
environment = {_environment(memory_environment(program.name))}
numprocs = {program.count}
autostart = false
autorestart = true
startsecs = 1
startretries = 3
stopsignal = TERM
stopwaitsecs = {STOP_WAIT_S}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_text(logs)}/{name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def _environment(said: Mapping[str, str]) -> str:
    return ",".join(f'{key}="{_quoted(key, value)}"' for key, value in said.items())


def _text(value: object) -> str:
    """A value of supervisord's file format, which expands %(name)s and takes ` ;` and ` #` for comments."""
    text = str(value)
    for mark in ("\n", " ;", " #"):
        if mark in text:
            raise BadInput("path or option", text, "supervisord cannot take a line break, ' ;' or ' #'")
    return text.replace("%", "%%")


def _quoted(key: str, value: str) -> str:
    if '"' in value or "'" in value:
        raise BadInput(key, value, "supervisord cannot take a quotation mark")
    # supervisord 4.3 expands this one entry twice.
    return _text(_text(value))
