"""nginx, with the configuration that a test gives."""

from collections.abc import Callable
from pathlib import Path

from swf_test_servers.absence import program
from swf_test_servers.server import Server

_PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx(Server):
    """An nginx server.

    Args:
        configure: is given the folder, where it may put what nginx reads, and the port; says what stands
            inside `http { }`.
    """

    name = "nginx"

    def __init__(self, configure: Callable[[Path, int], str]) -> None:
        self._program = program("nginx", self.name, "nginx")
        super().__init__()
        self._configure = configure

    def prepare(self) -> None:
        """Write its configuration."""
        places = "".join(f"{kind}_temp_path {self.folder / kind};" for kind in _PLACES)
        (self.folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {self.folder / 'pid'}; events {{}}\n"
            f"http {{ access_log off; {places} {self._configure(self.folder, self.port)} }}\n"
        )

    def command(self) -> list[str]:
        """What to run."""
        folder = str(self.folder)
        return [str(self._program), "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
