"""A database is copied from SQLite into an empty PostgreSQL, and backed up and restored: every row of it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fuzz_bodies import GOOD
from monitor_instance import Instance, new_instance

from documented import ROOT, Guide
from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.messages import FastmonStatus
from swf_testbed.records import (
    RECORDS,
    FastmonFile,
    NamespaceRecord,
    Record,
    StfFile,
    Subscriber,
    SystemAgent,
    WorkflowMessage,
)
from typed_home import TypedHome

pytestmark = pytest.mark.timeout(600)

GUIDE = Guide("how-to/copy-to-postgresql.md")


def copy(target: Instance, source: Path | str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "swf_testbed.monitor", "manage", "copy_database", "--from", str(source)]
    return subprocess.run(
        command, env=target.environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, broker: RunningBroker) -> Iterator[Instance]:
    """A monitor in use, with a row at least of everything."""
    found = new_instance(tmp_path_factory.mktemp("source"), broker.port)
    with found.serving(), found.client(patience_s=200) as client, found.bus() as bus, found.taking_in():
        client.upsert([StfFile(stf_filename=GOOD["stf-copies"]["stf_file"])])
        client.upsert([FastmonFile(tf_filename=GOOD["tf-slices"]["fastmon_file"])])
        for name, body in GOOD.items():
            if name == "references":
                continue  # made by an order, of runs with data
            client.upsert([RECORDS[name].model_validate(body)])
        client.upsert([StfFile(stf_filename=f"{number}.stf", metadata={"n": 1e22}) for number in range(100)])
        client.ensure_namespace("local")
        said = FastmonStatus(namespace="copied", sender="test", status="ok", message="ünïcode \N{SNOWMAN}")
        with client.events(msg_types=["fastmon_status"], namespace="copied") as events:
            bus.publish(said)
            assert next(iter(events)).data["message_id"] == str(said.message_id)
        assert client.next_run_number()
        yield found


def everything(instance: Instance) -> dict[str, list[Record]]:
    """But for agents, whose programs go on saying that they live, and for who is connected."""
    with instance.client() as client:
        return {
            name: sorted(client.list(cls), key=lambda one: str(one.key))
            for name, cls in RECORDS.items()
            if name not in {SystemAgent.resource, Subscriber.resource}
        }


@contextmanager
def moved(source: Instance, folder: Path, postgres: Postgres) -> Iterator[Instance]:
    """The same home on PostgreSQL, as the guide says."""
    with RunningBroker(folder / "broker") as broker:
        target = new_instance(source.home, broker.port, **postgres.leading_to("moved"))
        here = TypedHome.of(ROOT, {**target.environment, **postgres.environment()})
        here.typed(GUIDE.block("testbed stop-agents"))
        here.typed(GUIDE.block("createdb", {"swfdb": "moved"}))
        said = here.typed(GUIDE.block("python manage.py copy_database"))
        assert "counts and checksums are the same" in said
        here.typed(GUIDE.block("testbed start"))
        try:
            yield target
        finally:
            here.typed(GUIDE.block("testbed stop-agents"))


def test_everything_is_there_and_life_goes_on(source: Instance, tmp_path: Path, postgres: Postgres) -> None:
    with moved(source, tmp_path, postgres) as target, target.client() as client:
        there, here = everything(source), everything(target)
        # The start has touched the testbed's own.
        names = [{one.key for one in found.pop(NamespaceRecord.resource)} for found in (there, here)]
        assert (names[0], there) == (names[1], here)
        with source.client() as before:
            assert client.next_run_number() == before.next_run_number()
        client.upsert([StfFile(stf_filename="new.stf")])
        assert client.page(WorkflowMessage, limit=1, namespace="copied").total == 1
    again = copy(target, source.settings.database_file)
    assert again.returncode != 0
    assert "is not empty" in again.stderr
    assert "Traceback" not in again.stderr


def test_what_cannot_be_copied_is_told_and_changes_nothing(
    source: Instance, tmp_path: Path, broker: RunningBroker, postgres: Postgres
) -> None:
    target = new_instance(tmp_path, broker.port, **postgres.new_database())
    nothing = tmp_path / "nothing.sqlite3"
    nothing.write_bytes(b"no database at all" * 100)
    for wrong, said in {
        tmp_path / "gone.sqlite3": "there is no such file",
        nothing: "not a database",
    }.items():
        done = copy(target, wrong)
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    here = copy(source, source.settings.database_file)
    assert (here.returncode, "must be PostgreSQL" in here.stderr) == (1, True)
    assert copy(target, source.settings.database_file).returncode == 0


def test_a_backup_of_sqlite_taken_in_use_is_a_database_of_that_moment(
    source: Instance, tmp_path: Path, broker: RunningBroker
) -> None:
    restored = new_instance(tmp_path, broker.port)
    file = restored.settings.database_file
    file.parent.mkdir(parents=True)
    with (
        closing(sqlite3.connect(source.settings.database_file)) as used,
        closing(sqlite3.connect(file)) as new,
    ):
        used.backup(new)
    with restored.serving():
        assert everything(restored) == everything(source)


def test_a_dump_of_postgresql_is_restored_whole(
    source: Instance, tmp_path: Path, broker: RunningBroker, postgres: Postgres
) -> None:
    first = new_instance(tmp_path / "first", broker.port, **postgres.new_database())
    assert copy(first, source.settings.database_file).returncode == 0
    second = new_instance(tmp_path / "second", broker.port, **postgres.new_database())
    dump = str(tmp_path / "swf.dump")
    for program, said in (
        ("pg_dump", ("--format=custom", "--file", dump, first.settings.db_name)),
        ("pg_restore", ("--exit-on-error", "--no-owner", "--dbname", second.settings.db_name, dump)),
    ):
        where = ("--host", postgres.host, "--port", str(postgres.port), "--username", postgres.user)
        subprocess.run(
            [postgres.programs / program, *where, *said],
            env={"PGPASSWORD": postgres.password, "PATH": os.environ["PATH"]},
            check=True,
            timeout=120,
        )
    with second.serving():
        assert everything(second) == everything(source)
