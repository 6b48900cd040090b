"""The whole testbed at a glance."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from swf_testbed.config.instance import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agent_processes
from swf_testbed.control.living import living_agents
from swf_testbed.control.manager.daemon import ManagerStatus, manager_status
from swf_testbed.control.programs import MONITOR
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.services import ServiceStatus, service_status
from swf_testbed.control.supervision import Process
from swf_testbed.model.status import OPEN_EXECUTION
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import SystemAgent, WorkflowExecution


@dataclass(frozen=True, slots=True)
class OpenExecution:
    """An execution that has not ended; `runner` is None if nobody is left who could end it."""

    execution: WorkflowExecution
    runner: str | None

    @property
    def status(self) -> str:
        """In one word."""
        return self.execution.status.value if self.runner else "left open"


@dataclass(frozen=True, slots=True)
class Status:
    """Services, agent manager, supervised programs, agents that live, executions that have not ended."""

    namespace: str
    monitor_url: str
    services: list[ServiceStatus]
    manager: ManagerStatus
    processes: list[Process]
    agents: list[SystemAgent] = field(default_factory=list)
    executions: list[OpenExecution] = field(default_factory=list)

    @property
    def services_up(self) -> bool:
        """Whether every service answers."""
        return all(service.ready for service in self.services)

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "namespace": self.namespace,
            "monitor_url": self.monitor_url,
            "ready": self.services_up,
            "services": to_jsonable_python(self.services),
            "agent_manager": to_jsonable_python(self.manager),
            "programs": to_jsonable_python(self.processes),
            "agents": to_jsonable_python(self.agents),
            "executions": [
                {
                    **one.execution.model_dump(
                        mode="json", include={"execution_id", "status", "start_time", "executed_by"}
                    ),
                    "runner": one.runner,
                }
                for one in self.executions
            ],
        }


def testbed_status(settings: Settings) -> Status:
    """How everything is now; agents and executions only if the monitor answers."""
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    services = service_status(settings)
    agents: list[SystemAgent] = []
    executions: list[OpenExecution] = []
    if any(one.name == MONITOR and one.ready for one in services):
        with open_monitor(settings) as monitor:
            agents = living_agents(monitor, namespace=namespace)
            executions = open_executions(monitor, namespace, agents)
    return Status(
        namespace=namespace,
        monitor_url=settings.swf_monitor_http_url,
        services=services,
        manager=manager_status(settings),
        processes=agent_processes(settings),
        agents=agents,
        executions=executions,
    )


def open_executions(
    monitor: MonitorClient, namespace: str, agents: Iterable[SystemAgent]
) -> list[OpenExecution]:
    """The executions that have not ended, with the living runner of each."""
    alive = {one.instance_name for one in agents}
    found = [
        one
        for status in OPEN_EXECUTION
        for one in monitor.list(WorkflowExecution, namespace=namespace, status=status.value)
    ]
    return [OpenExecution(one, _runner(one, alive)) for one in found]


def _runner(execution: WorkflowExecution, alive: set[str]) -> str | None:
    said = execution.metadata.get("runner")
    return str(said) if said in alive else None
