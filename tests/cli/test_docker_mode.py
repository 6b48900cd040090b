"""Mode docker, with a stand-in for the docker command: no container engine runs where this is tested.

The stand-in keeps what it is called with. The broker and the database that it would bring up run already: the
embedded one, and a PostgreSQL server.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_home import Home

from documented import Guide
from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker

pytestmark = pytest.mark.timeout(300)

GUIDE = Guide("how-to/docker.md")
LOGIN = ("swf", "opens-sesame")
RECORDS = """#!/bin/sh
echo "$@ as $ACTIVEMQ_USER at $ACTIVEMQ_PORT and $DB_PORT, $REDIS_PASSWORD" >> "$HOME/docker-calls"
"""
NO_DAEMON = """#!/bin/sh
echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2
exit 1
"""
SECRETS = {
    "ACTIVEMQ_PASSWORD": LOGIN[1],
    "DB_PASSWORD": "db-secret",
    "REDIS_URL": "redis://:redis-secret@127.0.0.1:6379/0",
}
SAID = GUIDE.variables("SWF_MODE=docker", SECRETS)
"""What the guide has one write, with these secrets in place of its dots."""


def stand_in(home: Home, script: str) -> dict[str, str]:
    """The environment with a docker command that is this script, and a compose file."""
    folder = home.path / "stand-in"
    folder.mkdir()
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    (home.path / "docker-compose.yml").write_text("# the stand-in does not read it\n")
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **SAID}


@pytest.fixture
def contained(bare: Home, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with RunningBroker(tmp_path_factory.mktemp("broker"), login=LOGIN) as broker:
        said = {**stand_in(bare, RECORDS), **postgres.new_database(), "SWF_MODE": "docker"}
        home = Home(bare.path, {**bare.environment, **said, "ACTIVEMQ_PORT": str(broker.port)})
        yield home
        home.do("stop")


def test_start_has_compose_bring_up_what_is_needed_and_asks_it(contained: Home) -> None:
    ((_testbed, *words),) = GUIDE.words("testbed start")
    started = contained.do(*words, "--json")
    assert started.returncode == 0, started.stderr
    assert {(one["name"], one["answer"]) for one in json.loads(started.stdout)} == {
        ("database", "up"),
        ("broker", "up"),
        ("monitor", "up"),
        ("intake", "up"),
    }
    stopped = contained.do("stop")
    assert stopped.returncode == 0, stopped.stderr
    file = contained.path / "docker-compose.yml"
    told = contained.environment
    at = f"as swf at {told['ACTIVEMQ_PORT']} and {told['DB_PORT']}, redis-secret"
    assert (contained.path / "docker-calls").read_text().splitlines() == [
        f"compose --file {file} up --detach --wait {at}",
        f"compose --file {file} down {at}",
    ]


def test_without_a_daemon_start_says_so(bare: Home) -> None:
    done = bare.do("start", **stand_in(bare, NO_DAEMON))
    assert done.returncode == 1
    assert "docker compose up failed: Cannot connect to the Docker daemon" in done.stderr
    assert not (bare.path / "supervisord.conf").exists()


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_there_is_no_default_password(bare: Home, name: str) -> None:
    said = stand_in(bare, RECORDS)
    del said[name]
    done = bare.do("start", **said)
    assert done.returncode == 2
    assert "has no default; set" in done.stderr
    assert name in done.stderr
    assert not (bare.path / "docker-calls").exists()


def test_what_is_missing_is_said(bare: Home, tmp_path: Path) -> None:
    said = stand_in(bare, RECORDS)
    (bare.path / "docker-compose.yml").unlink()
    done = bare.do("start", **said)
    assert (done.returncode, "there is no " in done.stderr) == (2, True)
    done = bare.do("start", **{**said, "PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "there is no docker in the PATH" in done.stderr
