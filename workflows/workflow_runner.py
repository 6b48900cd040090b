#!/usr/bin/env python
"""The workflow runner; with `--run-once NAME` one run, as `testbed run NAME --wait --fast` takes it."""

import sys

from swf_testbed.cli.doors import workflow_runner

if __name__ == "__main__":
    sys.exit(workflow_runner())
