"""Where workers run: engines that start processes, look after them, and end them.

An engine knows nothing of slices. Elasticity is the pool controller's, work is the broker's queue's.
"""

from swf_testbed.adapters.pool.opening import open_engine
from swf_testbed.adapters.pool.protocol import (
    FORGOTTEN,
    Handle,
    JobState,
    JobStatus,
    PoolEngine,
    WorkerSpec,
    job_name,
    number_of,
)

__all__ = [
    "FORGOTTEN",
    "Handle",
    "JobState",
    "JobStatus",
    "PoolEngine",
    "WorkerSpec",
    "job_name",
    "number_of",
    "open_engine",
]
