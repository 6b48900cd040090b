"""A payload of known length: workers that wait cost no cores, so that a small machine carries many."""

import os
import time
from typing import Any

VARIABLE = "BENCHMARK_SERVICE_S"
"""How long a slice takes, s."""


def wait(description: dict[str, Any]) -> dict[str, Any]:
    """Wait for the length that the environment says."""
    del description
    time.sleep(float(os.environ[VARIABLE]))
    return {}
