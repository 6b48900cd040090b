"""The engine of a name."""

from pathlib import Path
from typing import Literal

from swf_testbed.adapters.production import Production
from swf_testbed.agents.processing.local import Keep, LocalProduction
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.settings import Settings


def open_production(
    engine: Literal["local", "panda"], own: Parameters, settings: Settings, scratch: Path, keep: Keep
) -> Production:
    """Make it; PanDA's client is loaded only if it is asked for."""
    if engine == "local":
        return LocalProduction(own.payloads, scratch, keep)
    from swf_testbed.adapters.panda import PandaProduction

    return PandaProduction.of(own.panda, settings)
