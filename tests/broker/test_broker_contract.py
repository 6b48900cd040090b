"""What the testbed relies on of any STOMP broker, said with stomp.py's own API.

Runs against our own broker and those of the labs; what they do otherwise is said in `broker_differences.py`.
"""

import socket
import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from broker_contract_client import PATIENCE, StompClient
from broker_differences import BrokerUnderContract
from stomp.exception import ConnectFailedException

Connect = Callable[..., StompClient]

DEAD_LETTERS = "/queue/ActiveMQ.DLQ"


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_every_version_sends_and_receives(make_client: Connect, queue_name: str, version: str) -> None:
    client = make_client(version=version).connect()
    client.subscribe(queue_name)
    client.send(queue_name, "hello")
    frame = client.message()
    assert frame.body == "hello"
    assert frame.headers["destination"] == queue_name
    assert frame.headers["message-id"]


def test_headers_and_bodies_come_through_unchanged(make_client: Connect, queue_name: str) -> None:
    client = make_client(auto_decode=False).connect().subscribe(queue_name)
    body = bytes(range(256))
    client.send(queue_name, body, colon="a:b", lines="a\nb", slash="a\\nb")
    frame = client.message()
    assert frame.body == body
    assert (frame.headers["colon"], frame.headers["lines"], frame.headers["slash"]) == (
        "a:b",
        "a\nb",
        "a\\nb",
    )


def test_every_subscriber_of_a_topic_gets_every_message_in_order(
    make_client: Connect, topic_name: str
) -> None:
    clients = [make_client().connect().subscribe(topic_name) for _ in range(3)]
    for number in range(20):
        clients[0].send(topic_name, str(number))
    for client in clients:
        assert client.bodies(20) == [str(number) for number in range(20)]


def test_a_topic_keeps_nothing_for_who_was_not_there(make_client: Connect, topic_name: str) -> None:
    client = make_client().connect()
    client.send(topic_name, "too early")
    client.subscribe(topic_name)
    assert client.nothing_more(topic_name)


def test_consumers_of_a_queue_share_its_messages(make_client: Connect, queue_name: str) -> None:
    consumers = [make_client().connect().subscribe(queue_name) for _ in range(2)]
    producer = make_client().connect()
    for number in range(10):
        producer.send(queue_name, str(number))
    halves = [consumer.bodies(5) for consumer in consumers]
    assert sorted(halves[0] + halves[1], key=int) == [str(number) for number in range(10)]


def test_prefetch_leaves_the_rest_to_others(make_client: Connect, queue_name: str) -> None:
    busy = make_client().connect()
    busy.subscribe(queue_name, ack="client-individual", activemq_prefetchSize="1")
    busy.send(queue_name, "0")
    held = busy.message()
    idle = make_client().connect().subscribe(queue_name)
    for number in range(1, 4):
        busy.send(queue_name, str(number))
    assert idle.bodies(3) == ["1", "2", "3"]
    busy.ack(held)


def test_a_durable_subscription_keeps_what_comes_while_its_client_is_away(
    make_client: Connect, topic_name: str
) -> None:
    name = f"client-{uuid4().hex}"
    reader = make_client().connect(client_id=name)
    reader.subscribe(topic_name, activemq_subscriptionName="role")
    reader.close()
    writer = make_client().connect()
    for number in range(3):
        writer.send(topic_name, str(number))
    reader = make_client().connect(client_id=name)
    reader.subscribe(topic_name, activemq_subscriptionName="role")
    assert reader.bodies(3) == ["0", "1", "2"]
    writer.send(topic_name, "3")
    assert reader.bodies(1) == ["3"]
    reader.connection.unsubscribe(id="1", headers={"receipt": "u"})
    assert reader.receipt() == "u"
    reader.connection.unsubscribe(
        id="1", headers={"activemq.subscriptionName": "role", "client-id": name, "receipt": "removed"}
    )
    assert reader.receipt() == "removed"
    writer.send(topic_name, "lost")
    reader.subscribe(topic_name, activemq_subscriptionName="role")
    assert reader.nothing_more(topic_name)


def test_a_client_id_belongs_to_one_live_connection(
    make_client: Connect, under_contract: BrokerUnderContract
) -> None:
    name = f"client-{uuid4().hex}"
    first = make_client().connect(client_id=name)
    second = make_client()
    if under_contract.differences.shares_client_ids:
        second.connect(client_id=name)
        assert not first.gone.is_set()
        return
    with pytest.raises(ConnectFailedException):
        second.connect(client_id=name)
    assert name in second.error()
    first.cut()
    until = time.monotonic() + PATIENCE
    while not let_in(make_client(), name):
        assert time.monotonic() < until, "the name is still taken"


def let_in(client: StompClient, name: str) -> bool:
    """A broker may need a moment to see that a connection is cut."""
    try:
        client.connect(client_id=name)
    except ConnectFailedException:
        return False
    return True


def test_what_a_lost_client_held_comes_again_first_and_in_order(
    make_client: Connect, queue_name: str, under_contract: BrokerUnderContract
) -> None:
    lost = make_client().connect().subscribe(queue_name, ack="client-individual")
    for number in range(5):
        lost.send(queue_name, str(number))
    frames = [lost.message() for _ in range(5)]
    lost.ack(frames[1])
    lost.send(queue_name, "5")
    lost.cut()
    heir = make_client().connect().subscribe(queue_name, ack="client-individual")
    again = [heir.message() for _ in range(5)]
    assert [frame.body for frame in again] == ["0", "2", "3", "4", "5"]
    marks = [frame.headers.get("redelivered") for frame in again[:4]]
    if under_contract.differences.marks_not_all_that_comes_again:
        assert set(marks) <= {"true", "false"}
    else:
        assert marks == ["true"] * 4
    for frame in again:
        heir.ack(frame)


def test_ack_mode_client_acknowledges_all_before(make_client: Connect, queue_name: str) -> None:
    client = make_client().connect().subscribe(queue_name, ack="client")
    for number in range(4):
        client.send(queue_name, str(number))
    frames = [client.message() for _ in range(4)]
    client.connection.ack(frames[2].headers["ack"], receipt="acked")
    assert client.receipt() == "acked"
    client.cut()
    heir = make_client().connect().subscribe(queue_name)
    assert heir.bodies(1) == ["3"]
    assert heir.nothing_more(queue_name)


def test_a_refused_message_becomes_a_dead_letter(
    make_client: Connect, queue_name: str, under_contract: BrokerUnderContract
) -> None:
    client = make_client().connect().subscribe(queue_name, ack="client-individual")
    colour = uuid4().hex
    client.send(queue_name, "refused", colour=colour)
    client.connection.nack(client.message().headers["ack"], receipt="nacked")
    assert client.receipt() == "nacked"
    # There are dead letters of other tests on a broker that lives longer than one.
    dead = make_client().connect().subscribe(DEAD_LETTERS, selector=f"colour = '{colour}'")
    if not under_contract.differences.nack_loses:
        found = dead.message()
        assert (found.body, found.headers["colour"]) == ("refused", colour)
    assert dead.nothing_more(DEAD_LETTERS, colour=colour)


@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_a_selector_chooses(make_client: Connect, queue_name: str, topic_name: str, kind: str) -> None:
    destination = queue_name if kind == "queue" else topic_name
    client = make_client().connect()
    client.subscribe(destination, selector="msg_type = 'a' AND ns IN ('x', 'y')")
    for msg_type, namespace in [("a", "x"), ("b", "x"), ("a", "z"), ("a", "y")]:
        client.send(destination, msg_type + namespace, msg_type=msg_type, ns=namespace)
    assert client.bodies(2) == ["ax", "ay"]


def test_a_wrong_selector_is_refused(make_client: Connect, queue_name: str) -> None:
    client = make_client().connect()
    client.connection.subscribe(queue_name, id="1", headers={"selector": "msg_type = = 'a'"})
    assert "selector" in client.error().lower()


def test_a_queue_can_be_browsed(
    make_client: Connect, queue_name: str, under_contract: BrokerUnderContract
) -> None:
    client = make_client().connect()
    for number in range(3):
        client.send(queue_name, str(number))
    client.subscribe(queue_name, id="look", browser="true")
    assert client.bodies(3) == ["0", "1", "2"]
    if under_contract.differences.browsing_takes:
        assert client.nothing_more(queue_name)
        client.close()
        assert make_client().connect().subscribe(queue_name).nothing_more(queue_name)
        return
    assert client.message().headers["browser"] == "end"
    taker = make_client().connect().subscribe(queue_name)
    assert taker.bodies(3) == ["0", "1", "2"]


def test_an_expired_message_is_not_delivered(make_client: Connect, queue_name: str) -> None:
    client = make_client().connect()
    client.send(queue_name, "old", expires="1000")
    client.send(queue_name, "young", expires="99999999999999")
    client.subscribe(queue_name)
    assert client.bodies(1) == ["young"]


def test_silence_of_the_client_ends_its_connection(under_contract: BrokerUnderContract) -> None:
    with socket.create_connection(under_contract.address, timeout=PATIENCE) as raw:
        login = "login:{}\npasscode:{}\n".format(*under_contract.login or ("", "")).encode()
        raw.sendall(b"CONNECT\naccept-version:1.2\nhost:x\n%sheart-beat:200,0\n\n\0" % login)
        assert raw.recv(4096).startswith(b"CONNECTED")
        while raw.recv(4096):
            pass  # the end of the stream: nothing said, dropped


def test_heart_beats_keep_an_idle_connection(make_client: Connect, queue_name: str) -> None:
    # Late ones are no matter here: a machine under test may stand still for a while.
    client = make_client(heartbeats=(1000, 1000), heart_beat_receive_scale=60).connect()
    for _ in range(3):
        assert client.beats.acquire(timeout=PATIENCE)
    client.subscribe(queue_name)
    assert client.nothing_more(queue_name)


def test_disconnect_is_confirmed_after_everything_before_it(make_client: Connect, queue_name: str) -> None:
    client = make_client().connect()
    for number in range(100):
        client.say(queue_name, str(number))
    client.close()
    reader = make_client().connect().subscribe(queue_name)
    assert reader.bodies(100) == [str(number) for number in range(100)]
