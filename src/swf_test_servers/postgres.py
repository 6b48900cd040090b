"""PostgreSQL, with as many empty databases as a test wants."""

import os
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg

from swf_test_servers.absence import Absent
from swf_test_servers.server import PATIENCE_S, Server
from swf_test_servers.users import as_ordinary_user, hand_over

_INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of each version."""


def programs() -> Path:
    """The folder of `initdb` and `postgres`, of the newest version there is.

    Raises:
        Absent: PostgreSQL is not installed.
    """
    versions = [folder for folder in _INSTALLED.glob("*/bin") if (folder / "initdb").exists()]
    newest = max(versions, key=lambda folder: float(folder.parent.name), default=None)
    if newest is None and (found := shutil.which("initdb")):
        newest = Path(found).resolve().parent
    if newest is None:
        raise Absent(Postgres.name, "on Debian: apt-get install postgresql")
    return newest


class Postgres(Server):
    """A PostgreSQL server.

    Args:
        durable: whether what is committed outlives a crash of the machine, as a benchmark has to pay for. A
            crash of the server it outlives anyhow.
    """

    name = "PostgreSQL"
    user = "swf"
    last_word = signal.SIGINT  # "fast": does not wait until all clients have gone

    def __init__(self, durable: bool = False) -> None:
        self.programs = programs()
        super().__init__()
        self._durable = durable
        self.password = secrets.token_hex(16)
        self._databases = 0

    def prepare(self) -> None:
        """Make the empty database cluster."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        hand_over(self.folder)
        said = ["--username", self.user, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        where = ["--pgdata", str(self.folder / "data"), "--encoding", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run(
            [*as_ordinary_user(), str(self.programs / "initdb"), "--no-sync", *where, *said],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
        secret.unlink()

    def command(self) -> list[str]:
        """What to run."""
        said = [f"listen_addresses={self.host}", f"port={self.port}", "unix_socket_directories="]
        if not self._durable:
            said += ["fsync=off", "full_page_writes=off"]
        options = [word for one in said for word in ("-c", one)]
        return [str(self.programs / "postgres"), "-D", str(self.folder / "data"), *options]

    def answers(self) -> bool:
        """Whether it lets us in: it listens a while before that."""
        with suppress(psycopg.OperationalError), self.connect():
            return True
        return False

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        """A connection of its owner, each statement a transaction of its own."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=database,
            connect_timeout=10,
            autocommit=True,
        )

    def new_database(self, folder: Path | None = None) -> dict[str, str]:
        """Make an empty database, maybe with its files in a folder; the environment that leads to it."""
        self._databases += 1
        name = f"swf_{self._databases}"
        with self.connect() as connection:
            where = ""
            if folder is not None:
                hand_over(folder)
                connection.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'".encode())
                where = f" TABLESPACE {name}"
            connection.execute(f"CREATE DATABASE {name}{where}".encode())
        return self.leading_to(name)

    def drop_database(self, name: str) -> None:
        """Take a database away, and the tablespace of its name, whoever is connected."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            connection.execute(f"DROP TABLESPACE IF EXISTS {name}".encode())

    def leading_to(self, database: str) -> dict[str, str]:
        """The environment that leads the testbed to a database."""
        return {
            "SWF_MODE": "local",
            "DB_HOST": self.host,
            "DB_PORT": str(self.port),
            "DB_NAME": database,
            "DB_USER": self.user,
            "DB_PASSWORD": self.password,
        }

    def environment(self) -> dict[str, str]:
        """What leads its own programs (`createdb`) to it, as its owner."""
        return {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
        }
