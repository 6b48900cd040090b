"""The testbed on a database server and a broker that run already."""

import json
from collections.abc import Iterator

import pytest
from command_home import Home

from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker

pytestmark = pytest.mark.timeout(300)

LOGIN = ("alice", "opens-sesame")


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBroker]:
    """Not ours to start: it speaks what ActiveMQ speaks."""
    with RunningBroker(tmp_path_factory.mktemp("broker"), login=LOGIN) as running:
        yield running


@pytest.fixture
def local(bare: Home, broker: RunningBroker, postgres: Postgres) -> Iterator[Home]:
    user, password = LOGIN
    said = {
        **postgres.new_database(),
        "ACTIVEMQ_PORT": str(broker.port),
        "ACTIVEMQ_USER": user,
        "ACTIVEMQ_PASSWORD": password,
    }
    del said["SWF_MODE"]  # the commands say it
    home = Home(bare.path, {**bare.environment, **said})
    yield home
    if (home.path / "supervisord.conf").exists():
        home.do("agent-manager", "--stop")
        home.do("stop-local")


def test_start_local_asks_both_and_brings_up_the_rest(local: Home) -> None:
    before = local.do("status-local")
    assert before.returncode == 1
    rows = [line.split("\t") for line in before.stdout.splitlines()[1:]]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("database", "up", "external"),
        ("broker", "up", "external"),
        ("monitor", "down", "STOPPED"),
        ("intake", "down", "STOPPED"),
    ]
    assert rows[0][5].startswith("PostgreSQL ")

    # With the agents of a testbed.toml that names none: the workflow runner alone.
    (local.path / "testbed.toml").write_text('[testbed]\nnamespace = "local"\n')
    started = local.do("start-local", "--agents", "--json")
    assert started.returncode == 0, started.stderr
    assert [one["name"] for one in json.loads(started.stdout)["programs"]] == ["workflow_runner"]
    status = json.loads(local.do("status-local", "--json").stdout)
    assert status["ready"]
    assert [one["agent_type"] for one in status["agents"]] == ["workflow_runner"]

    # Services of one mode are not taken for those of another.
    other = local.do("start")
    assert other.returncode == 2
    assert "services of mode local are up" in other.stderr

    stopped = json.loads(local.do("stop-local", "--json").stdout)
    assert stopped == {"agents": ["workflow_runner"], "services": True}


def test_a_second_agent_manager_of_a_user_at_one_broker_is_refused(
    local: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = local.do("agent-manager", "--detach", SWF_MODE="local")
    assert first.returncode == 0, first.stderr
    other = Home.at(tmp_path_factory.mktemp("other") / "home")
    own = ("HOME", "SWF_HOME", "SWF_MONITOR_HTTP_URL", "SWF_MONITOR_URL")
    theirs = {**local.environment, **{name: other.environment[name] for name in own}, "SWF_MODE": "local"}
    second = Home(other.path, theirs)
    try:
        done = second.do("agent-manager")
        assert done.returncode == 2
        assert f"for {local.path}; end that first" in done.stderr
    finally:
        second.do("stop")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"DB_PASSWORD": "wrong"}, "password authentication failed"),
        ({"ACTIVEMQ_PASSWORD": "wrong"}, "the broker at 127.0.0.1:"),
        ({"DB_PORT": "1"}, "nobody listens there"),
    ],
)
def test_a_service_that_does_not_answer_is_told_before_anything_is_started(
    local: Home, wrong: dict[str, str], said: str
) -> None:
    done = local.do("start-local", **wrong)
    assert done.returncode == 1
    assert said in done.stderr
    assert "has to be up before the testbed" in done.stderr
    assert not (local.path / "supervisord.conf").exists()
