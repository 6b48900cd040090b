"""Agents: how they are, as the monitor has heard it from them."""

from typing import Literal

from swf_testbed.messages.envelope import Message
from swf_testbed.model.fields import Name
from swf_testbed.model.status import AgentStatus, OperationalState


class AgentState(Message):
    """An agent is in another state than before; told by the monitor's stream, of what agents say by REST."""

    msg_type: Literal["agent_state"] = "agent_state"
    agent_type: Name | None = None
    hostname: Name | None = None
    status: AgentStatus | None = None
    operational_state: OperationalState | None = None
    previous_state: OperationalState | None = None
