"""Redis, keeping nothing on disk."""

from swf_test_servers.absence import program
from swf_test_servers.server import Server


class Redis(Server):
    """A Redis server; `url` is what clients are told."""

    name = "Redis"

    def __init__(self) -> None:
        self._program = program("redis-server", self.name, "redis-server")
        super().__init__()

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://{self.host}:{self.port}/0"

    def command(self) -> list[str]:
        """What to run."""
        where = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)]
        return [str(self._program), *where, "--save", ""]
