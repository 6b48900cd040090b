"""The processes that the agent manager has started: what it may kill, and nothing else."""

from datetime import datetime
from pathlib import Path

import psutil

from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agents_supervisord, stop_agents
from swf_testbed.control.identity import Kept, ProcessIdentity
from swf_testbed.control.manager.documents import Ended, Killed, ProgramState, ServiceState, UserTestbed
from swf_testbed.control.services import Tell, service_status
from swf_testbed.control.standing import restart_testbed, start_testbed
from swf_testbed.control.supervision import Process
from swf_testbed.model.clock import iso
from swf_testbed.model.errors import NotFound, Refused


class _Record(Kept):
    """The supervisord that the manager brought up: its children are the processes that it started."""

    supervisord: ProcessIdentity
    config_name: str | None = None


def start(settings: Settings, config_name: str | None, tell: Tell) -> UserTestbed:
    """Start agents, as `start_testbed` does, and note that it was us."""
    start_testbed(settings, config_name, tell)
    return _noted(settings, config_name)


def restart(settings: Settings, tell: Tell) -> UserTestbed:
    """Stop the agents, and start those of the same configuration with the environment as it is now."""
    record = _Record.read(_file(settings))
    config_name = record.config_name if record else None
    restart_testbed(settings, config_name, tell)
    return _noted(settings, config_name)


def stop(settings: Settings) -> Ended:
    """Stop the agents, whoever started them: they are this user's."""
    stopped = stop_agents(settings)
    _file(settings).unlink(missing_ok=True)
    return Ended(stopped=tuple(stopped))


def user_testbed(settings: Settings) -> UserTestbed:
    """The services, and the agents that are up."""
    record = _own_record(settings)
    return UserTestbed(
        namespace=instance_namespace(settings.swf_home, settings.swf_testbed_config),
        ours=record is not None,
        config_name=record.config_name if record else None,
        services=tuple(
            ServiceState(
                name=one.name, answer=one.answer, state=one.state, address=one.address, said=one.said
            )
            for one in service_status(settings)
        ),
        programs=tuple(_state(process) for process in agents_supervisord(settings).processes()),
    )


def kill_agent(settings: Settings, name: str, started_at: datetime) -> Killed:
    """Kill a process of the agents; its supervisor starts another.

    Args:
        settings: of this home.
        name: as `user_testbed` has it.
        started_at: likewise; one that was started at another time is not meant.

    Raises:
        Refused: the agents were not started by the agent manager, or another process has the name now.
        NotFound: no process of this name runs.
    """
    record = _own_record(settings)
    if record is None:
        raise Refused("no agents run that this agent manager has started: it kills no others")
    found = {one.full_name: one for one in agents_supervisord(settings).processes()}
    pid = found[name].pid if name in found else None
    identity = ProcessIdentity.of(pid) if pid else None
    if identity is None:
        running = ", ".join(one.full_name for one in found.values() if one.pid)
        raise NotFound(f"no agent {name} runs; there are: {running or 'none'}")
    if not identity.began_about(started_at):
        raise Refused(
            f"{name} was started at {iso(identity.began_at)}, not at {iso(started_at)}: "
            "look at the status again, it is another process now"
        )
    _kill(record.supervisord, identity, name)
    return Killed(agent=name, pid=identity.pid, started_at=identity.began_at)


def _kill(supervisord: ProcessIdentity, identity: ProcessIdentity, name: str) -> None:
    try:
        process = psutil.Process(identity.pid)
        if process.ppid() != supervisord.pid:
            raise Refused(f"process {identity.pid} of {name} is not one that this agent manager has started")
        process.kill()  # looks again whether the number is still that process's
    except psutil.NoSuchProcess:
        raise NotFound(f"{name} has ended by itself meanwhile") from None


def _noted(settings: Settings, config_name: str | None) -> UserTestbed:
    pid = agents_supervisord(settings).pid
    identity = ProcessIdentity.of(pid) if pid else None
    if identity is not None:
        _Record(supervisord=identity, config_name=config_name).write(_file(settings))
    return user_testbed(settings)


def _own_record(settings: Settings) -> _Record | None:
    """The record, if the supervisord of it is the one that runs."""
    record = _Record.read(_file(settings))
    if record is None or not record.supervisord.alive:
        return None
    return record if agents_supervisord(settings).pid == record.supervisord.pid else None


def _state(process: Process) -> ProgramState:
    identity = ProcessIdentity.of(process.pid) if process.pid else None
    return ProgramState(
        name=process.full_name,
        state=process.state,
        pid=process.pid,
        started_at=identity.began_at if identity else None,
        said=process.said,
    )


def _file(settings: Settings) -> Path:
    return settings.private_dir / "started-by-agent-manager.json"
