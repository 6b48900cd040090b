"""XRootD: a storage of its own, read and written over its protocol and over HTTP, on loopback alone."""

import sys
from pathlib import Path

import httpx

from swf_test_servers.absence import program
from swf_test_servers.ports import free_port
from swf_test_servers.server import Server

_HTTP_PLUGIN = "libXrdHttp-5.so"

_HAND_SOCKETS = """
import os, socket, sys
ports, command = sys.argv[1].split(","), sys.argv[2:]
given = [socket.create_server(("127.0.0.1", int(port))).detach() for port in ports]
assert given == [3, 4], given
for fd in given:
    os.set_inheritable(fd, True)
os.environ.update(LISTEN_FDS=str(len(given)), LISTEN_PID=str(os.getpid()))
os.execvp(command[0], command)
"""
"""XRootD listens on every interface of a machine, except on sockets that it is handed as systemd does."""


class XRootD(Server):
    """A server of the files in `data`, read and written without a login.

    What a test itself writes into `data` is served, if others may read it.

    Args:
        name: of the storage, for messages.
        served: a folder that is there already, in place of one of the server's own.
    """

    def __init__(self, name: str = "XRootD", served: Path | None = None) -> None:
        self._program = program("xrootd", "XRootD", "xrootd-server xrootd-client")
        self.name = name
        super().__init__()
        self.http_port = free_port()
        self._served = served

    @property
    def data(self) -> Path:
        """The folder that is served as `/data`."""
        return self.folder / "root" / "data"

    def url(self, filename: str = "") -> str:
        """The XRootD URL of a file of `data`, or what such URLs begin with."""
        return f"root://{self.host}:{self.port}//data/{filename}"

    def http_url(self, filename: str = "") -> str:
        """The HTTP URL of a file of `data`, or what such URLs begin with."""
        return f"http://{self.host}:{self.http_port}/data/{filename}"

    def prepare(self) -> None:
        """Write its configuration."""
        self.data.parent.mkdir()
        if self._served is None:
            self.data.mkdir()
        else:
            self.data.symlink_to(self._served.absolute())
        (self.folder / "admin").mkdir()
        (self.folder / "xrootd.cfg").write_text(
            f"all.export /data\n"
            f"oss.localroot {self.folder / 'root'}\n"
            f"all.adminpath {self.folder / 'admin'}\n"
            f"all.pidpath {self.folder / 'admin'}\n"
            f"xrd.port {self.port}\n"
            f"xrd.protocol http:{self.http_port} {_HTTP_PLUGIN}\n"
            f"xrootd.chksum adler32\n"
        )

    def command(self) -> list[str]:
        """What to run."""
        return [str(self._program), "-c", str(self.folder / "xrootd.cfg")]

    def launch(self) -> list[str]:
        """As an ordinary user, with both sockets in hand."""
        return [sys.executable, "-c", _HAND_SOCKETS, f"{self.port},{self.http_port}", *super().launch()]

    def answers(self) -> bool:
        """Whether it serves: the sockets listen before it does."""
        try:
            return httpx.get(self.http_url(), timeout=1.0).is_success
        except httpx.TransportError:
            return False

    def refuse_writes(self, refused: bool = True) -> None:
        """Be a storage that may no longer be written, or again; reading goes on."""
        for folder in (self.data, *(path for path in self.data.rglob("*") if path.is_dir())):
            folder.chmod(0o555 if refused else 0o755)
