"""A queue that nobody empties raises an alarm, which is over when its consumer is back."""

from pathlib import Path

import pytest
from monitor_instance import new_instance

from swf_testbed.broker.limits import Limits
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import Subscription
from swf_testbed.model import destinations

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
