"""What every agent shares: hearing, handling, retrying, being seen, and ending in good order."""

from swf_testbed.runtime.agent import BaseAgent
from swf_testbed.runtime.context import AgentContext
from swf_testbed.runtime.handlers import handles
from swf_testbed.runtime.main import run_agent

__all__ = ["AgentContext", "BaseAgent", "handles", "run_agent"]
