"""The chain on the broker and the database of the labs: nothing differs but the settings."""

import json
from collections.abc import Iterator

import pytest
from chain_faults import assert_nothing_lost_nothing_twice, kill
from chain_testbed import Testbed

from swf_test_servers import Artemis, Postgres

pytestmark = [pytest.mark.chain, pytest.mark.timeout(600)]

STFS = 4


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory, artemis: Artemis, postgres: Postgres) -> Iterator[Testbed]:
    """ActiveMQ Artemis and PostgreSQL run already."""
    elsewhere = {**artemis.environment(), **postgres.new_database()}
    made = Testbed(tmp_path_factory.mktemp("labs") / "home", elsewhere)
    started = made.do("start-local")
    assert started.returncode == 0, started.stderr
    yield made
    made.do("stop-local")


def test_a_run_is_whole_on_artemis_and_postgresql(labs: Testbed) -> None:
    run = labs.finish(labs.start_run(STFS))
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
    status = json.loads(labs.do("status-local", "--json").stdout)
    states = {one["name"]: (one["state"], one["answer"]) for one in status["services"]}
    assert states["broker"] == states["database"] == ("external", "up")
    examined = labs.do("doctor", "--json")
    findings = json.loads(examined.stdout)
    assert examined.returncode == 0, findings
