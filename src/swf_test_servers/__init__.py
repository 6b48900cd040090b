"""Real servers for tests and benchmarks: each of an ordinary user, in its own folder, on a free port.

Not part of what is installed. Every server is a context: it runs from entering to leaving, and may be
stopped, killed, paused and started again meanwhile, with the same data on the same port. What has no program
here is `Absent`, by name and with the remedy.
"""

from swf_test_servers.absence import Absent
from swf_test_servers.artemis import Artemis
from swf_test_servers.classic import Classic
from swf_test_servers.homes import monitor_addresses, own_home
from swf_test_servers.nginx import Nginx
from swf_test_servers.ports import free_port
from swf_test_servers.postgres import Postgres
from swf_test_servers.redis import Redis
from swf_test_servers.server import Server
from swf_test_servers.slurm import Slurm
from swf_test_servers.xrootd import XRootD

__all__ = [
    "Absent",
    "Artemis",
    "Classic",
    "Nginx",
    "Postgres",
    "Redis",
    "Server",
    "Slurm",
    "XRootD",
    "free_port",
    "monitor_addresses",
    "own_home",
]
