"""Checks of what runs and of what is left over: supervisors, agents, runs, dead letters, agent manager."""

import socket
from collections.abc import Iterator

from swf_testbed.control.doctor.findings import Finding, Patient, error, ok, warning
from swf_testbed.control.identity import ProcessIdentity
from swf_testbed.control.living import living_agents
from swf_testbed.control.manager.daemon import manager_status
from swf_testbed.control.programs import BROKER
from swf_testbed.control.readiness import Answer, connected_bus, open_monitor
from swf_testbed.control.services import refuse_other_mode
from swf_testbed.control.status import open_executions
from swf_testbed.control.supervision import Supervisord
from swf_testbed.model.errors import Refused
from swf_testbed.runtime.dead_letters import list_dead_letters


def check_supervisors(patient: Patient) -> Iterator[Finding]:
    """Each supervisord is up and answers, or is down and has left nothing."""
    for one in patient.supervisors:
        yield _supervisor(one)
    try:
        refuse_other_mode(patient.settings, patient.supervisors[0])
    except Refused as problem:
        text, _, remedy = str(problem).partition("; ")
        yield error(text, remedy)


def _supervisor(one: Supervisord) -> Finding:
    pid = one.pid
    if pid is not None:
        return ok(f"that of {one.file.name} is up (process {pid})")
    left = one.left_behind
    if left is None and not one.socket.exists():
        return ok(f"that of {one.file.name} is down")
    if left is not None and ProcessIdentity.of(left) is not None and _listens(one):
        return error(
            f"the supervisord of {one.file.name} (process {left}) does not answer",
            f"`kill -9 {left}`; what it supervises ends with it, and the next start begins afresh",
        )
    return warning(
        f"a supervisord of {one.file.name} was killed and has left {one.socket}",
        "nothing has to be done: the next `testbed start` or `testbed run` takes it over",
    )


def _listens(one: Supervisord) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(one.socket))
        except OSError:
            return False
    return True


def check_namespace(patient: Patient) -> Iterator[Finding]:
    """The agents that run are of the namespace that testbed.toml names."""
    if not patient.monitor_answers:
        return
    ours = {process.pid for process in patient.processes if process.pid}
    with open_monitor(patient.settings) as monitor:
        agents = [one for one in living_agents(monitor) if one.hostname == socket.gethostname()]
    old = [one for one in agents if one.pid in ours and one.namespace and one.namespace != patient.namespace]
    if not old:
        yield ok(f"nobody runs in another one than {patient.namespace}")
        return
    names = ", ".join(one.instance_name for one in old)
    yield error(
        f"testbed.toml says namespace {patient.namespace}, but in {old[0].namespace} still run: {names}",
        "end them with `testbed stop-agents`; the next run starts them in the new one",
    )


def check_executions(patient: Patient) -> Iterator[Finding]:
    """No run is left open that nobody is there to end."""
    if not patient.monitor_answers:
        return
    with open_monitor(patient.settings) as monitor:
        agents = living_agents(monitor, namespace=patient.namespace)
        found = open_executions(monitor, patient.namespace, agents)
    left = [one.execution.execution_id for one in found if one.runner is None]
    if left:
        yield warning(
            f"left open by a workflow runner that is gone: {', '.join(left)}",
            "the next `testbed run` ends them; without one: `python manage.py repair_stuck`",
        )
    else:
        yield ok(f"{len(found)} running, none left open")


def check_dead_letters(patient: Patient) -> Iterator[Finding]:
    """Every message could be handled."""
    if patient.greeting(BROKER).answer is not Answer.OURS:
        return
    with connected_bus(patient.settings) as bus:
        count = len(list_dead_letters(bus, patient.namespace))
    if count:
        yield warning(
            f"{count} messages could not be handled", "look at them with `testbed dead-letters list`"
        )
    else:
        yield ok("none")


def check_manager(patient: Patient) -> Iterator[Finding]:
    """The agent manager, if it runs, answers."""
    found = manager_status(patient.settings)
    if found.process is None:
        yield ok("does not run; `testbed agent-manager --detach` starts it for those who command from afar")
    elif found.answer is Answer.OURS:
        yield ok(f"answers on {found.control_queue}")
    else:
        yield warning(
            f"process {found.process.pid} does not answer: {found.said}",
            "it waits for the broker if there is none; else `testbed agent-manager --stop` ends it",
        )
