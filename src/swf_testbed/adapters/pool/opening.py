"""From the name of an engine to the engine."""

from pathlib import Path

from swf_testbed.adapters.pool.elsewhere import ElsewhereEngine
from swf_testbed.adapters.pool.htcondor import CondorEngine
from swf_testbed.adapters.pool.local import LocalEngine
from swf_testbed.adapters.pool.panda import PandaEngine
from swf_testbed.adapters.pool.protocol import PoolEngine
from swf_testbed.adapters.pool.slurm import SlurmEngine
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.settings import Settings


def open_engine(parameters: Parameters, settings: Settings, folder: Path) -> PoolEngine:
    """The engine that the configuration names.

    Args:
        parameters: of them the sections `[pool]` and `[panda]`.
        settings: of them PanDA's token.
        folder: where engines keep their notes; on a file system that the workers see.

    Raises:
        BadInput: something that the engine needs is not configured.
    """
    pool = parameters.pool
    match pool.engine:
        case "local":
            return LocalEngine(folder)
        case "slurm":
            return SlurmEngine(pool.submit_options)
        case "htcondor":
            return CondorEngine(pool.submit_options)
        case "panda":
            return PandaEngine.of(parameters.panda, settings, folder / "panda")
        case "transformer":
            return ElsewhereEngine()
