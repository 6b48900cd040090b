"""The chain on the broker and the database of the labs, made and used as two guides say."""

import json
import os
import shlex
from collections.abc import Callable, Iterator

import pytest
from chain_faults import assert_nothing_lost_nothing_twice, kill
from chain_testbed import Testbed

from documented import ROOT, Guide
from swf_test_servers import Artemis, Postgres, Server
from typed_home import TypedHome

pytestmark = [pytest.mark.chain, pytest.mark.timeout(600)]

SERVERS, USE = Guide("how-to/lab-servers.md"), Guide("how-to/local-services.md")
OWNER, DATABASE = "lab", "labdb"
"""The server of the tests has an owner `swf` already."""
STFS = 4


class Documented(Artemis):
    """Made and run as the guide says, but for its place, its password and its ports."""

    _run: list[str]

    def prepare(self) -> None:
        here = {"/var/lib/swf-broker": str(self.instance), "--password ...": f"--password {self.password}"}
        *making, running = SERVERS.block("artemis create", here).splitlines()
        path = f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        TypedHome.of(ROOT, {"PATH": path}).typed("\n".join(making))
        self.adapt()
        self._run = shlex.split(running)

    def command(self) -> list[str]:
        return self._run


@pytest.fixture(scope="module")
def broker(start_server_of_module: Callable[[Callable[[], Server]], Server]) -> Artemis:
    started = start_server_of_module(Documented)
    assert isinstance(started, Artemis)
    return started


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> dict[str, str]:
    """A database and its owner, as the guide makes them; what leads to it."""
    here = {"--pwprompt swf": f"--pwprompt {OWNER}", "--owner swf": f"--owner {OWNER}", "swfdb": DATABASE}
    password = f"{postgres.password}\n"
    home = TypedHome.of(ROOT, postgres.environment())
    home.typed(SERVERS.block("createuser", here), pasted=2 * password)
    made = {"DB_NAME": DATABASE, "DB_USER": OWNER, "DB_PASSWORD": postgres.password}
    return {"DB_HOST": postgres.host, "DB_PORT": str(postgres.port), **made}


@pytest.fixture(scope="module")
def labs(
    tmp_path_factory: pytest.TempPathFactory, broker: Artemis, database: dict[str, str]
) -> Iterator[Testbed]:
    """ActiveMQ Artemis and PostgreSQL run already."""
    elsewhere = USE.variables("SWF_MODE=local", {**broker.environment(), **database})
    made = Testbed(tmp_path_factory.mktemp("labs") / "home", elsewhere)
    start, _run, _status, stop = USE.block("testbed start").splitlines()
    home = TypedHome.of(made.settings.swf_home, made.environment)
    home.typed(start)
    yield made
    home.typed(stop)


def test_a_run_is_whole_on_artemis_and_postgresql(labs: Testbed) -> None:
    _testbed, *words = USE.words("testbed start")[1]
    run = labs.finish(labs.quick([*words, "--json"], STFS))
    assert run.code == 0, run.said
    assert run.summary["status"] == "completed"
    assert_nothing_lost_nothing_twice(run, STFS)


@pytest.mark.parametrize("victim", ["merger", "worker"])
def test_who_is_killed_loses_nothing_on_artemis_and_postgresql(labs: Testbed, victim: str) -> None:
    running = labs.start_run(STFS)
    kill(labs, victim, after="tf_file_registered", skip=9)
    run = labs.finish(running)
    assert run.code == 0, run.said
    assert_nothing_lost_nothing_twice(run, STFS)


def test_status_and_doctor_know_whose_they_are(labs: Testbed) -> None:
    _testbed, *words = USE.words("testbed start")[2]
    status = json.loads(labs.do(*words, "--json").stdout)
    states = {one["name"]: (one["state"], one["answer"]) for one in status["services"]}
    assert states["broker"] == states["database"] == ("external", "up")
    examined = labs.do("doctor", "--json")
    findings = json.loads(examined.stdout)
    assert examined.returncode == 0, findings
