"""What an agent has at hand: who it is, the bus, the monitor, and the parameters of a run."""

import os
import socket
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from swf_testbed.bus import Bus
from swf_testbed.config.environment import username
from swf_testbed.config.instance import instance_parameters
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.settings import Settings
from swf_testbed.messages import Message
from swf_testbed.model.errors import NotFound
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import WorkflowExecution

M = TypeVar("M", bound=Message)


@dataclass
class AgentContext:
    """Handed to an agent when it is made; `name` is settled when the agent starts."""

    settings: Settings
    namespace: str
    bus: Bus
    monitor: MonitorClient
    name: str = "unnamed"
    user: str = field(default_factory=username)
    hostname: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)

    def __post_init__(self) -> None:
        self._execution = lru_cache(maxsize=64)(self._fetch_parameters)

    def message(self, cls: type[M], cause: Message | None = None, **fields: Any) -> M:
        """A message from this agent; run, execution and causation are taken from what caused it."""
        inherited: dict[str, Any] = {"namespace": self.namespace, "sender": self.name}
        if cause is not None:
            inherited |= {
                "run_id": cause.run_id,
                "execution_id": cause.execution_id,
                "causation_id": cause.message_id,
            }
        return cls(**{**inherited, **fields})

    def parameters(self, execution_id: str | None) -> Parameters:
        """The parameters of an execution, asked of the monitor once; without one, this testbed's own."""
        return self._own_parameters if execution_id is None else self._execution(execution_id)

    @cached_property
    def _own_parameters(self) -> Parameters:
        environment = self.settings
        return instance_parameters(
            environment.swf_home, environment.swf_testbed_config, environment.parameters
        )

    def _fetch_parameters(self, execution_id: str) -> Parameters:
        try:
            record = self.monitor.get(WorkflowExecution, execution_id)
        except NotFound:
            return self._own_parameters
        return Parameters.model_validate(record.parameter_values or {})
