"""A Rucio server: of its own Python environment, on a PostgreSQL that is given."""

import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import httpx

from swf_test_servers.absence import Absent
from swf_test_servers.caches import newest
from swf_test_servers.postgres import Postgres
from swf_test_servers.server import PATIENCE_S, Server
from swf_test_servers.users import as_ordinary_user, hand_over

PROGRAMS = Path(__file__).with_name("inside_rucio")
"""What runs in Rucio's own environment, which does not know this package."""

_ALEMBIC = """
[alembic]
script_location = rucio:db/sqla/migrate_repo
sqlalchemy.url = {database}
[loggers]
keys = root
[logger_root]
handlers =
[handlers]
keys =
[formatters]
keys =
"""

_REMEDY = "run tools/get_rucio"
_PACKAGES = "rucio-41*"


def environment() -> Path:
    """The Python environment that `tools/get_rucio` has made.

    Raises:
        Absent: there is none.
    """
    found = newest(_PACKAGES, "complete")
    if found is None:
        raise Absent(Rucio.name, _REMEDY)
    return found


class Login(TypedDict):
    """What a client has to be told."""

    url: str
    account: str
    username: str
    password: str


class Rucio(Server):
    """A Rucio server.

    It knows the accounts `root` and `swfdaq`, which is an administrator and owns the scope `group.daq`.

    Args:
        postgres: a running server.
        storages: that it knows, each with its name, its door, and who copies for it (`make_catalogue.py`).
    """

    name = "Rucio"
    root, account, scope = "root", "swfdaq", "group.daq"

    def __init__(self, postgres: Postgres, storages: Sequence[Mapping[str, object]]) -> None:
        self.environment = environment()
        super().__init__()
        self._postgres, self._storages = postgres, storages
        self.password = secrets.token_hex(12)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def configuration(self) -> Path:
        """The rucio.cfg of the server and of its daemons."""
        return self.folder / "rucio.cfg"

    def prepare(self) -> None:
        """Write its configuration, and fill its database."""
        # The ordinary user may not read the folder that the programs lie in.
        shutil.copytree(PROGRAMS, self.folder / "inside")
        database = self._postgres.new_database()
        login = f"{database['DB_USER']}:{database['DB_PASSWORD']}"
        place = f"{database['DB_HOST']}:{database['DB_PORT']}/{database['DB_NAME']}"
        address = f"postgresql+psycopg://{login}@{place}"
        sections: dict[str, dict[str, object]] = {
            "common": {"logdir": self.folder, "loglevel": "INFO"},
            "client": {
                "rucio_host": self.url,
                "auth_host": self.url,
                "account": self.root,
                "auth_type": "userpass",
                "username": self.root,
                "password": self.password,
                "auth_token_file_path": self.folder / "root-token" / "token",
            },
            "database": {
                "default": address,
                "pool_size": 10,
                "max_overflow": 20,
                "echo": 0,
            },
            "bootstrap": {"userpass_identity": self.root, "userpass_pwd": self.password},
            "conveyor": {"scheme": "root", "transfertool": "fts3", "transfertype": "single"},
            "repairer": {"updated_at_delta": 5},
            "alembic": {"cfg": self.folder / "alembic.ini"},
        }
        self.configuration.write_text(
            "".join(
                f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in said.items()) + "\n"
                for name, said in sections.items()
            )
        )
        (self.folder / "alembic.ini").write_text(_ALEMBIC.format(database=address))
        hand_over(self.folder)
        self._run("make_catalogue.py", self.account, self.password, self.scope, json.dumps(self._storages))

    def command(self) -> list[str]:
        """What to run."""
        served = "rucio.web.rest.flaskapi.v1.main:application"
        # Not --preload: a connection to the database that is made before the fork would be each worker's.
        said = ["--workers", "1", "--threads", "4", "--timeout", "120"]
        where = ["--bind", f"{self.host}:{self.port}", "--worker-tmp-dir", str(self.folder)]
        return [*self._python(), "-m", "gunicorn", *said, *where, served]

    def answers(self) -> bool:
        """Whether it says that it is there."""
        try:
            return httpx.get(f"{self.url}/ping", timeout=5.0).is_success
        except httpx.TransportError:
            return False

    def inside(self, name: str, *words: str) -> list[str]:
        """The command that runs one of `PROGRAMS` in Rucio's environment."""
        return [*self._python(), str(self.folder / "inside" / name), *words]

    def _python(self) -> list[str]:
        # The configuration is said by `env`: a server starts with hardly any environment.
        return ["env", f"RUCIO_CONFIG={self.configuration}", str(self.environment / "bin" / "python")]

    def _run(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [*as_ordinary_user(), *self.inside(name, *words)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name}: {(done.stdout + done.stderr)[-4000:]}")

    def client(self) -> Login:
        """What a client has to be told."""
        return {
            "url": self.url,
            "account": self.account,
            "username": self.account,
            "password": self.password,
        }
