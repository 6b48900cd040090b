"""`python -m swf_fastmon_agent.main`: the fast monitoring agent, until a signal ends it."""

import sys

from swf_testbed.agents.fastmon.agent import FastmonAgent
from swf_testbed.runtime import run_agent

if __name__ == "__main__":
    sys.exit(run_agent(FastmonAgent))
