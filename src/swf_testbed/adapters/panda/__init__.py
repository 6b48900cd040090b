"""PanDA, by its own client: tasks of whole STFs, and pools of workers. Importing this loads no client."""

from swf_testbed.adapters.panda.production import PandaProduction
from swf_testbed.adapters.panda.server import PandaServer

__all__ = ["PandaProduction", "PandaServer"]
