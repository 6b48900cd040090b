"""From the name of an engine to the engine."""

from pathlib import Path

from swf_testbed.adapters.pool.htcondor import CondorEngine
from swf_testbed.adapters.pool.local import LocalEngine
from swf_testbed.adapters.pool.protocol import PoolEngine
from swf_testbed.adapters.pool.slurm import SlurmEngine
from swf_testbed.config.pool import Pool
from swf_testbed.model.errors import BadInput


def open_engine(pool: Pool, folder: Path) -> PoolEngine:
    """The engine that the configuration names.

    Args:
        pool: the section `[pool]`.
        folder: where engines keep their notes; on a file system that the workers see.

    Raises:
        BadInput: this version has no such engine.
    """
    match pool.engine:
        case "local":
            return LocalEngine(folder)
        case "slurm":
            return SlurmEngine(pool.submit_options)
        case "htcondor":
            return CondorEngine(pool.submit_options)
    raise BadInput("pool.engine", pool.engine, "is not there yet; must be local, slurm or htcondor")
