"""The whole testbed at a glance."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from swf_testbed.config.compose import instance_namespace
from swf_testbed.config.settings import Settings
from swf_testbed.control.agents import agent_processes
from swf_testbed.control.programs import MONITOR
from swf_testbed.control.readiness import open_monitor
from swf_testbed.control.services import ServiceStatus, service_status
from swf_testbed.control.supervision import Process
from swf_testbed.model.clock import now
from swf_testbed.model.status import AGENT_STALE_S, OperationalState
from swf_testbed.records import SystemAgent, WorkflowExecution


@dataclass(frozen=True, slots=True)
class Status:
    """Services, supervised programs, agents that have not exited, and executions that have not ended."""

    namespace: str
    monitor_url: str
    services: list[ServiceStatus]
    processes: list[Process]
    agents: list[SystemAgent] = field(default_factory=list)
    executions: list[WorkflowExecution] = field(default_factory=list)

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
            "services": [asdict(one) for one in self.services],
            "programs": [asdict(one) for one in self.processes],
            "agents": [one.model_dump(mode="json") for one in self.agents],
            "executions": [
                one.model_dump(mode="json", include={"execution_id", "status", "start_time", "executed_by"})
                for one in self.executions
            ],
        }


def testbed_status(settings: Settings) -> Status:
    """How everything is now; agents and executions only if the monitor answers."""
    namespace = instance_namespace(settings.swf_home, settings.swf_testbed_config)
    services = service_status(settings)
    found = Status(namespace, settings.swf_monitor_http_url, services, agent_processes(settings))
    if not any(one.name == MONITOR and one.ready for one in services):
        return found
    with open_monitor(settings) as monitor:
        agents = [one for one in monitor.list(SystemAgent, namespace=namespace) if _alive(one)]
        executions = [
            one
            for status in ("pending", "running")
            for one in monitor.list(WorkflowExecution, namespace=namespace, status=status)
        ]
    return Status(namespace, found.monitor_url, services, found.processes, agents, executions)


def _alive(agent: SystemAgent) -> bool:
    """One that was not heard of for long counts as exited, since it could not say so."""
    heard = agent.last_heartbeat
    fresh = heard is not None and now() - heard < timedelta(seconds=AGENT_STALE_S)
    return fresh and agent.operational_state is not OperationalState.EXITED
