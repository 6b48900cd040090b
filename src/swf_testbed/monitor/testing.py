"""A PostgreSQL server for tests and benchmarks: of an ordinary user, in its own folder, on a free port."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version."""

_ORDINARY_USERS = ("postgres", "nobody")
_PATIENCE_S = 60


def postgres_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, of the newest version there is; None without PostgreSQL."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    versions = [folder for folder in _INSTALLED.glob("*/bin") if (folder / "initdb").exists()]
    return max(versions, key=lambda folder: float(folder.parent.name), default=None)


class RunningPostgres:
    """A server; `restart` keeps its data and its port."""

    host, user = "127.0.0.1", "swf"

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self.password = secrets.token_hex(16)
        self.port = _free_port()
        self._databases = 0

    def create(self) -> None:
        """Make the empty database cluster."""
        secret = self._folder / "password"
        secret.write_text(self.password)
        said = ["--username", self.user, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        secret.chmod(0o644)  # its folder is closed to others
        self._do("initdb", *said, "--encoding", "UTF8", "--locale", "C.UTF-8")
        secret.unlink()

    def start(self) -> None:
        """Start; returns when it answers."""
        options = f"-c listen_addresses={self.host} -c port={self.port} -c unix_socket_directories=''"
        self._do("pg_ctl", "start", "--wait", "--log", str(self._folder / "log"), "--options", options)

    def stop(self) -> None:
        """Stop at once; who is connected is cut off."""
        self._do("pg_ctl", "stop", "--wait", "--mode", "fast")

    def new_database(self) -> dict[str, str]:
        """Make an empty database; the environment that leads to it."""
        self._databases += 1
        name = f"swf_{self._databases}"
        said = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        with psycopg.connect(**said, dbname="postgres", autocommit=True) as connection:  # type: ignore[arg-type]  # by name
            connection.execute(f"CREATE DATABASE {name}".encode())
        return {
            "SWF_MODE": "local",
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "DB_NAME": name,
            "DB_USER": self.user,
            "DB_PASSWORD": self.password,
        }

    def _do(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "--pgdata", str(self._folder / "data"), *words]
        done = subprocess.run(
            [*_as_ordinary_user(), *command],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            # A file: the server keeps what pg_ctl has open, and nobody reads a pipe for so long.
            stdout=(output := (self._folder / "output").open("w")),
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
            check=False,
        )
        output.close()
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(self._folder / 'output').read_text()[-2000:]}")


@contextmanager
def running_postgres(programs: Path) -> Iterator[RunningPostgres]:
    """A server until the context ends; then nothing is left of it."""
    with tempfile.TemporaryDirectory(prefix="swf-postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, _ordinary_user())
        server = RunningPostgres(programs, folder)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((RunningPostgres.host, 0))
        return int(probe.getsockname()[1])


def _as_ordinary_user() -> list[str]:
    """PostgreSQL refuses to run as root, as a CI machine's programs do."""
    if os.geteuid() != 0:
        return []
    user = _ordinary_user()
    return ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]


def _ordinary_user() -> str:
    return next(name for name in _ORDINARY_USERS if name in {entry.pw_name for entry in pwd.getpwall()})
