"""`python -m swf_testbed.workflows`: the workflow runner of this namespace."""

import sys

from swf_testbed.runtime import run_agent
from swf_testbed.workflows.runner import WorkflowRunner

if __name__ == "__main__":
    sys.exit(run_agent(WorkflowRunner))
