"""The monitor's programs begin before their database: they say that they wait, and go on when it is there."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from monitor_instance import new_instance

from swf_test_servers import Postgres
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Subscription
from swf_testbed.messages import FastmonStatus
from swf_testbed.model import destinations

pytestmark = pytest.mark.timeout(300)


def waits(process: "subprocess.Popen[bytes]") -> bool:
    assert process.stderr is not None
    return any(b"waiting for the database" in line for line in process.stderr)


def test_server_and_intake_wait_for_a_database_that_starts_late(tmp_path: Path, postgres: Postgres) -> None:
    del postgres  # asked for, so that the test is skipped where there is none
    with RunningBroker(tmp_path / "broker") as broker, Postgres() as late:
        found = new_instance(tmp_path, broker.port, **late.new_database())
        late.kill()
        pipe = subprocess.PIPE
        with (
            found.bus() as bus,
            ThreadPoolExecutor(2) as readers,
            found.program("serve", pipe) as server,
            found.program("intake", pipe) as intake,
        ):
            taken_in = bus.subscribe(Subscription(destinations.STORED))
            for process in (server, intake):
                assert waits(process)
                readers.submit(process.stderr.read)  # type: ignore[union-attr]  # a full pipe would hold it up
            late.start()
            with found.client(patience_s=120) as client:
                client.health()
                assert taken_in.take(timeout_s=120)
                bus.publish(FastmonStatus(namespace="late", sender="test", status="ok", message=""))
                with client.events(namespace="late", last_event_id=0) as events:
                    assert next(iter(events)).data["namespace"] == "late"
            assert (server.poll(), intake.poll()) == (None, None)
