"""Connections to PostgreSQL: a pool of bounded size, never one that is gone, none shared with a child."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from monitor_instance import Instance, new_instance

from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.records import StfFile

MOST = 16

_FORK = """
import os
from swf_testbed.config.environment import settings
from swf_testbed.monitor.startup import prepare

prepare(settings())
from django.db import connection

def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]

before = backend()
child = os.fork()
mine = backend()
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert backend() == mine, "the child has taken our connection with it"
print(mine, flush=True)
connection.close()
connection.close_pool()
"""


@pytest.fixture(scope="module")
def stored(
    tmp_path_factory: pytest.TempPathFactory, broker: RunningBroker, postgres: Postgres
) -> Iterator[Instance]:
    found = new_instance(tmp_path_factory.mktemp("pooled"), broker.port, **postgres.new_database())
    with found.serving():
        yield found


def connections(instance: Instance, postgres: Postgres) -> int:
    """How many the monitor has, by the server's own list."""
    with postgres.connect() as asked:
        row = asked.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'swf-monitor' AND datname = %s",
            [instance.settings.db_name],
        ).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_many_clients_share_few_connections(stored: Instance, postgres: Postgres) -> None:
    def register(number: int) -> None:
        with stored.client() as client:
            client.upsert([StfFile(stf_filename=f"swf.{number}.stf")])

    with ThreadPoolExecutor(40) as crowd:
        list(crowd.map(register, range(200)))
    assert 1 <= connections(stored, postgres) <= MOST
    with stored.client() as client:
        assert client.page(StfFile, limit=1).total >= 200


def test_connections_that_the_server_has_ended_are_replaced(stored: Instance, postgres: Postgres) -> None:
    with stored.client() as client:
        client.upsert([StfFile(stf_filename="before.stf")])
        with postgres.connect() as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'swf-monitor' AND datname = %s",
                [stored.settings.db_name],
            )
        with stored.raw() as api:  # at the first try: nobody gets to see a connection that is gone
            found = api.get("/stf-files/before.stf/")
        assert found.status_code == 200
        client.upsert([StfFile(stf_filename="after.stf")])
        assert client.get(StfFile, "after.stf").stf_filename == "after.stf"


def test_a_child_process_takes_connections_of_its_own(stored: Instance) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORK],
        env={**os.environ, **stored.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    parent, child = done.stdout.split()
    assert parent != child
