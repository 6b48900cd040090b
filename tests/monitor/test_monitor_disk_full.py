"""PostgreSQL without room on its disk: it is said what is wrong, all wait, and everything is stored once."""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitor_instance import Instance, new_instance

from small_disk import Disk
from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.control.doctor.findings import Level, Patient
from swf_testbed.control.doctor.services import check_database
from swf_testbed.messages import FastmonStatus
from swf_testbed.model.errors import Unavailable
from swf_testbed.records import StfFile, SystemAgent, WorkflowMessage
from swf_testbed.records.health import Overall

pytestmark = pytest.mark.timeout(300)

EACH = 50
PATIENCE_S = 100.0
FULL = "the disk of the database is full"


@pytest.fixture
def disk(postgres: Postgres) -> Iterator[Disk]:
    """A small one that PostgreSQL may write to."""
    if os.geteuid():
        pytest.skip("only root mounts disks")
    with Disk(postgres.folder / "small", "64m") as made:
        yield made


@pytest.fixture
def cramped(disk: Disk, postgres: Postgres, tmp_path: Path) -> Iterator[tuple[Instance, RunningBroker]]:
    """A monitor whose database is on it, and the broker, which nobody else uses."""
    lab = postgres.new_database(disk.path)
    try:
        with RunningBroker(tmp_path / "broker") as broker:
            yield new_instance(tmp_path, broker.port, **lab), broker
    finally:
        postgres.drop_database(lab["DB_NAME"])


def until(wanted: Callable[[], object], said: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not wanted():
        assert time.monotonic() < end, said
        time.sleep(0.1)


def waiting(broker: RunningBroker) -> int:
    """Messages that the broker keeps for the intake."""
    subscriptions: Any = broker.statistics()["durable_subscriptions"]
    return sum(one["queued"] + one["in_flight"] for one in subscriptions.values())


def test_the_monitor_says_so_waits_and_goes_on_by_itself(
    disk: Disk, cramped: tuple[Instance, RunningBroker], tmp_path: Path
) -> None:
    instance, broker = cramped
    said = [
        # Of random text, which takes as much room as it is long.
        FastmonStatus(namespace="full", sender="test", status="ok", message=secrets.token_hex(700))
        for _ in range(2 * EACH)
    ]
    with (
        (tmp_path / "log").open("wb") as log,
        instance.serving() as server,
        instance.taking_in(log.fileno()) as intake,
        instance.bus() as bus,
        instance.client() as client,
    ):

        def stored() -> int:
            return client.page(WorkflowMessage, limit=1, namespace="full").total

        bus.publish_many(said[:EACH])
        until(lambda: stored() == EACH, "nothing is stored")
        with disk.filled():
            bus.publish_many(said[EACH:])
            with instance.client(patience_s=0) as hasty, pytest.raises(Unavailable, match=FULL):
                hasty.upsert([StfFile(stf_filename="full.stf")])
            until(lambda: client.health().trouble == FULL, "the intake says nothing")
            health = client.health()
            assert (health.status, health.database, health.intake) == (Overall.DEGRADED, True, False)
            assert FULL in system_page(instance)
            [found] = check_database(Patient(instance.settings))
            assert found.level is Level.ERROR
            assert "No space left on device" in found.text
            assert b"No space left on device" in (tmp_path / "log").read_bytes()
            # What does not fit is the broker's still, and not a part of it is stored twice or half.
            assert waiting(broker) == 2 * EACH - stored() > 0
        until(lambda: stored() == len(said), "not everything is stored")
        client.upsert([StfFile(stf_filename="full.stf")])
        rows = client.list(WorkflowMessage, namespace="full")
        assert sorted(str(row.message_id) for row in rows) == sorted(str(one.message_id) for one in said)
        until(lambda: client.health().status is Overall.OK, "it is not told that all is well")
        assert client.get(SystemAgent, "monitor-intake").metadata == {"trouble": ""}
        assert (server.poll(), intake.poll()) == (None, None)
    [found] = check_database(Patient(instance.settings))
    assert found.level is Level.OK


def test_a_database_that_is_read_only_loses_no_message(
    tmp_path: Path, broker: RunningBroker, postgres: Postgres
) -> None:
    lab = postgres.new_database()
    instance, database = new_instance(tmp_path, broker.port, **lab), lab["DB_NAME"]

    def let_it_be(value: str) -> None:
        """As after a change to a stand-by, which ends all connections."""
        with postgres.connect() as connection:
            connection.execute(
                f"ALTER DATABASE {database} SET default_transaction_read_only = {value}".encode()
            )
            everyone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(everyone, [database])

    said = FastmonStatus(namespace="closed", sender="test", status="ok", message="")
    with (
        (tmp_path / "log").open("wb") as log,
        instance.serving(),
        instance.taking_in(log.fileno()),
        instance.bus() as bus,
        instance.client() as client,
    ):
        let_it_be("on")
        bus.publish(said)
        with instance.client(patience_s=0) as hasty, pytest.raises(Unavailable, match="cannot be written"):
            hasty.upsert([StfFile(stf_filename="closed.stf")])
        until(lambda: b"read-only transaction; trying again" in (tmp_path / "log").read_bytes(), "no word")
        [found] = check_database(Patient(instance.settings))
        assert (found.level, "cannot be written" in found.text) == (Level.ERROR, True)
        let_it_be("off")
        until(lambda: client.page(WorkflowMessage, namespace="closed").total == 1, "it is not stored")


def system_page(instance: Instance) -> str:
    with instance.raw() as anybody:
        return anybody.get(f"{instance.url}/system/").text
