"""A database without room, or locked by another: it says so, whoever asks waits, and nothing is lost."""

import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from uuid import uuid4

import pytest
from monitor_instance import Instance

from swf_testbed.messages import FastmonStatus
from swf_testbed.model.errors import Unavailable
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import StfFile, WorkflowMessage

pytestmark = pytest.mark.timeout(400)

EACH = 50
PATIENCE_S = 100.0


def room(process: "subprocess.Popen[bytes]", size: int) -> None:
    """No file of a process may grow beyond a size, as on a disk that is full."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def await_stored(client: MonitorClient, namespace: str, count: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while (found := client.page(WorkflowMessage, limit=1, namespace=namespace).total) != count:
        assert time.monotonic() < until, f"{found} of {count} are stored"
        time.sleep(0.2)


def test_whoever_asks_is_told_and_the_intake_keeps_what_it_has_not_stored(
    make_instance: Callable[..., Instance],
) -> None:
    instance = make_instance()
    namespace = f"full-{uuid4().hex[:8]}"
    said = [
        FastmonStatus(namespace=namespace, sender="test", status="ok", message=f"{number}")
        for number in range(3 * EACH)
    ]
    quiet = subprocess.DEVNULL  # a file of logs could not grow either
    with instance.serving(quiet) as server, instance.bus() as bus, instance.client() as client:
        with instance.taking_in(quiet) as intake:
            bus.publish_many(said[:EACH])
            await_stored(client, namespace, EACH)
            for process in (server, intake):
                room(process, 1)
            with instance.client(patience_s=0) as hasty, pytest.raises(Unavailable, match="disk"):
                hasty.upsert([StfFile(stf_filename="full.stf")])
            bus.publish_many(said[EACH : 2 * EACH])
            # What is stored can still be read.
            assert client.page(WorkflowMessage, limit=1, namespace=namespace).total == EACH
            room(intake, resource.RLIM_INFINITY)
            await_stored(client, namespace, 2 * EACH)
            room(intake, 1)
            bus.publish_many(said[2 * EACH :])
            intake.kill()
            intake.wait()
        room(server, resource.RLIM_INFINITY)
        with instance.taking_in(quiet):
            client.upsert([StfFile(stf_filename="full.stf")])
            await_stored(client, namespace, len(said))
            stored = client.list(WorkflowMessage, namespace=namespace)
            assert {str(row.message_id) for row in stored} == {str(one.message_id) for one in said}
        assert server.poll() is None


def test_a_database_that_another_program_keeps_locked_is_waited_for(
    make_instance: Callable[..., Instance],
) -> None:
    instance = make_instance()
    namespace = f"locked-{uuid4().hex[:8]}"
    said = [
        FastmonStatus(namespace=namespace, sender="test", status="ok", message=f"{number}")
        for number in range(EACH)
    ]
    with (
        instance.serving() as server,
        instance.taking_in() as intake,
        instance.bus() as bus,
        instance.client() as client,
        closing(sqlite3.connect(instance.settings.database_file, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        bus.publish_many(said)
        with instance.client(patience_s=0) as hasty, pytest.raises(Unavailable, match=r"keeps .* locked"):
            hasty.upsert([StfFile(stf_filename="locked.stf")])
        assert client.page(WorkflowMessage, limit=1, namespace=namespace).total == 0
        other.execute("ROLLBACK")
        client.upsert([StfFile(stf_filename="locked.stf")])
        await_stored(client, namespace, EACH)
        assert (server.poll(), intake.poll()) == (None, None)
