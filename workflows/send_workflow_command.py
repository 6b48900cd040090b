#!/usr/bin/env python
"""Commands to a workflow runner that is up: run NAME, stop EXECUTION, status."""

import sys

from swf_testbed.cli.doors import send_workflow_command

if __name__ == "__main__":
    sys.exit(send_workflow_command())
