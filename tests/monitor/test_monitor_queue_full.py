"""A queue that nobody empties raises an alarm, which is over when its consumer is back."""

import os
import threading
import time
from pathlib import Path

import pytest
from monitor_instance import new_instance

from swf_test_servers import Artemis, Classic, Postgres
from swf_testbed.broker.limits import Limits
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Subscription
from swf_testbed.model import destinations
from swf_testbed.model.status import AgentStatus, OperationalState
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import Alarm
from swf_testbed.runtime.activity import Activity
from swf_testbed.runtime.context import AgentContext
from swf_testbed.runtime.presence import MonitorPresence

pytestmark = pytest.mark.timeout(200)

BOUND = 10
QUEUE = "/queue/nobody"


def test_an_alarm_tells_of_a_queue_that_is_full_until_it_drains(tmp_path: Path) -> None:
    with RunningBroker(tmp_path / "broker", limits=Limits(queue_messages=BOUND)) as broker:
        found = new_instance(tmp_path, broker.port)
        with found.taking_in(), found.bus() as bus:
            said = bus.subscribe(Subscription(destinations.EVENTS, msg_types=frozenset({"alarm"})))
            assert said.wait_established(60)
            for number in range(BOUND):
                bus.publish_body(QUEUE, str(number).encode(), {"persistent": "true"})
            [raised] = said.take(1, timeout_s=60)
            said.ack([raised])
            assert b"queue_full:/queue/nobody" in raised.body
            assert b'"raised"' in raised.body
            consumer = bus.subscribe(Subscription(QUEUE))
            heard: list[bytes] = []
            while len(heard) < BOUND:
                taken = consumer.take(BOUND, timeout_s=60)
                assert taken
                consumer.ack(taken)
                heard += [one.body for one in taken]
            assert heard == [str(number).encode() for number in range(BOUND)]
            [cleared] = said.take(1, timeout_s=60)
            assert b"queue_full:/queue/nobody" in cleared.body
            assert b'"cleared"' in cleared.body


@pytest.mark.parametrize(
    "kind",
    [
        "artemis",
        pytest.param(
            "classic",
            marks=pytest.mark.skipif(
                not os.environ.get("SWF_LONG_TESTS"), reason="as on Artemis: SWF_LONG_TESTS=1 runs it"
            ),
        ),
    ],
)
def test_an_agent_that_waits_for_room_at_a_broker_of_the_labs_raises_the_alarm(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest, postgres: Postgres
) -> None:
    work = destinations.slices("small")
    server: Artemis | Classic = request.getfixturevalue(kind)
    lab = server.environment() | postgres.new_database()
    found = new_instance(tmp_path, server.port, **lab)
    with (
        found.serving(),
        found.taking_in(),
        found.bus() as bus,
        found.bus() as elsewhere,
        found.client() as client,
    ):
        context = AgentContext(found.settings, "small", bus, client)
        agent = MonitorPresence("fast_processing", context, Activity(lambda: None), dict)
        context.name = agent.register()

        def beat_until(state: str) -> Alarm:
            return _beat_until(state, client, agent)

        def produce() -> None:
            for number in range(BOUND * 20):
                bus.publish_body(work, f"{number}:{'x' * 1000}".encode(), {"persistent": "true"})

        producer = threading.Thread(target=produce)
        producer.start()
        raised = beat_until("active")
        assert raised.subject == f"queue_full:{work}"
        assert context.name in raised.text
        consumer = elsewhere.subscribe(Subscription(work))
        heard: list[int] = []
        while len(heard) < BOUND * 20:
            taken = consumer.take(BOUND, timeout_s=60)
            assert taken, f"only {len(heard)}"
            consumer.ack(taken)
            heard += [int(one.body.partition(b":")[0]) for one in taken]
        assert heard == list(range(BOUND * 20))
        producer.join(60)
        beat_until("returned")


def _beat_until(state: str, client: MonitorClient, agent: MonitorPresence) -> Alarm:
    until = time.monotonic() + 100
    while time.monotonic() < until:
        agent.beat(OperationalState.PROCESSING, AgentStatus.OK)
        for alarm in client.list(Alarm):
            if alarm.state == state:
                return alarm
        time.sleep(0.5)  # its own time to look is what is waited for
    raise AssertionError(f"no alarm is {state}")
