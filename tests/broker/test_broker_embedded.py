"""What only our own broker promises: refusals with reasons, restarts, bounds, statistics, its command."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from broker_contract_client import PATIENCE, StompClient
from stomp.exception import ConnectFailedException

from swf_testbed.broker.limits import KIB, Limits
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.model.errors import Unavailable

Connect = Callable[..., StompClient]

CONNECT = b"CONNECT\naccept-version:1.2\nhost:x\n\n\0"


def _client(broker: RunningBroker, **options: Any) -> StompClient:
    return StompClient((broker.host, broker.port), **options)


@contextmanager
def _raw(broker: RunningBroker, *, connect: bool = True) -> Iterator[socket.socket]:
    with socket.create_connection((broker.host, broker.port), timeout=PATIENCE) as raw:
        if connect:
            raw.sendall(CONNECT)
            assert raw.recv(4096).startswith(b"CONNECTED")
        yield raw


def _all(raw: socket.socket) -> bytes:
    """Everything until the broker closes."""
    data = b""
    while piece := raw.recv(1 << 16):
        data += piece
    return data


def _counts(broker: RunningBroker, name: str) -> dict[str, int]:
    destinations: Any = broker.statistics()["destinations"]
    counts: dict[str, int] = destinations[name]
    return counts


# -- refusals


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (b"BEGIN\ntransaction:t\n\n\0", b"transactions are not supported"),
        (b"COMMIT\ntransaction:t\n\n\0", b"transactions are not supported"),
        (b"ABORT\ntransaction:t\n\n\0", b"transactions are not supported"),
        (b"SEND\ndestination:/queue/a\ntransaction:t\n\n\0", b"transactions are not supported"),
        (b"SEND\n\n\0", b"'destination'"),
        (b"SEND\ndestination:/other/a\n\n\0", b"must be /queue/NAME or /topic/NAME"),
        (b"SUBSCRIBE\nid:1\ndestination:/topic/a.>\n\n\0", b"must be /queue/NAME or /topic/NAME"),
        (b"SUBSCRIBE\ndestination:/queue/a\n\n\0", b"'id'"),
        (b"SUBSCRIBE\nid:1\ndestination:/queue/a\nack:maybe\n\n\0", b"must be one of auto, client"),
        (b"SUBSCRIBE\nid:1\ndestination:/queue/a\nselector:a = \n\n\0", b"position 4"),
        (b"SUBSCRIBE\nid:1\ndestination:/queue/a\nactivemq.prefetchSize:0\n\n\0", b"must be 1 to"),
        (b"SUBSCRIBE\nid:1\ndestination:/topic/a\nactivemq.subscriptionName:d\n\n\0", b"'client-id'"),
        (b"SUBSCRIBE\nid:1\ndestination:/queue/a\nactivemq.subscriptionName:d\n\n\0", b"is of a topic"),
        (b"SUBSCRIBE\nid:1\ndestination:/topic/a\nbrowser:true\n\n\0", b"only a queue"),
        (b"UNSUBSCRIBE\nid:1\n\n\0", b"no such subscription"),
        (b"ACK\nid:1-1\n\n\0", b"no such unacknowledged message"),
        (b"SEND\ndestination:/queue/a\nexpires:soon\n\n\0", b"milliseconds"),
        (b"SEND\ndestination:/queue/swf.broker.statistics\n\n\0", b"'reply-to'"),
        (b"CONNECT\n\n\0", b"must be one of SEND"),
        (b"GET / HTTP/1.1\nHost: x\n\n\0", b"must be one of SEND"),
        (b"SEND\ncontent-length:99999999999\n\n", b"at most"),
    ],
)
def test_what_is_refused_is_told_why(broker: RunningBroker, frame: bytes, says: bytes) -> None:
    with _raw(broker) as raw:
        raw.sendall(frame)
        answer = _all(raw)
    assert answer.startswith(b"ERROR\n")
    assert says in answer


def test_an_error_names_the_receipt_of_its_frame(broker: RunningBroker) -> None:
    with _raw(broker) as raw:
        raw.sendall(b"SEND\nreceipt:r7\n\n\0")
        assert b"receipt-id:r7\n" in _all(raw)


def test_connect_must_come_first(broker: RunningBroker) -> None:
    with _raw(broker, connect=False) as raw:
        raw.sendall(b"SEND\ndestination:/queue/a\n\n\0")
        assert b"CONNECT must come first" in _all(raw)


def test_an_unknown_version_is_refused(broker: RunningBroker) -> None:
    with _raw(broker, connect=False) as raw:
        raw.sendall(b"CONNECT\naccept-version:2.0\n\n\0")
        assert b"1.0,1.1,1.2" in _all(raw)


def test_login(tmp_path: Path) -> None:
    with RunningBroker(tmp_path, login=("user", "right")) as broker:
        for passcode in ("wrong", ""):
            stranger = _client(broker, login=("user", passcode))
            with pytest.raises(ConnectFailedException):
                stranger.connect()
            said = stranger.error()
            assert "login or passcode is wrong" in said
            assert "right" not in said
        _client(broker, login=("user", "right")).connect().close()


def test_limits(tmp_path: Path) -> None:
    limits = Limits(max_connections=2, connect_timeout=0.2, max_subscriptions=1, max_destinations=2)
    with RunningBroker(tmp_path, limits=limits) as broker:
        with _raw(broker, connect=False) as silent:
            assert b"no CONNECT frame" in _all(silent)
        with _raw(broker) as raw:
            raw.sendall(
                b"SUBSCRIBE\nid:1\ndestination:/queue/a\n\n\0SUBSCRIBE\nid:2\ndestination:/queue/a\n\n\0"
            )
            assert b"1 subscriptions" in _all(raw)
        with _raw(broker) as raw:
            for name in (b"b", b"c"):
                raw.sendall(b"SEND\ndestination:/queue/" + name + b"\n\n\0")
            assert b"2 destinations" in _all(raw)
        with _raw(broker), _raw(broker), _raw(broker, connect=False) as third:
            assert b"2 connections" in _all(third)


def test_a_big_frame_is_refused_while_it_comes(tmp_path: Path) -> None:
    with RunningBroker(tmp_path, limits=Limits(max_frame=64 * KIB)) as broker:
        client = _client(broker).connect()
        client.connection.send("/queue/a", "x" * 100_000)
        assert "at most 65536" in client.error()
        assert client.gone.wait(PATIENCE)


# -- restarts


def test_queues_and_durable_subscriptions_survive_a_kill(broker: RunningBroker) -> None:
    reader = _client(broker).connect(client_id="reader")
    reader.subscribe("/topic/t", activemq_subscriptionName="role", selector="kind = 'good'")
    reader.close()
    writer = _client(broker).connect()
    for number in range(3):
        writer.send("/queue/q", f"q{number}")
        writer.send("/topic/t", f"t{number}", kind="good" if number else "bad")
    holder = _client(broker).connect().subscribe("/queue/q", ack="client-individual")
    frames = [holder.message() for _ in range(3)]
    holder.connection.ack(frames[0].headers["ack"], receipt="acked")
    holder.receipt()
    broker.kill()
    assert writer.gone.wait(PATIENCE)
    broker.start()
    heir = _client(broker).connect(client_id="reader").subscribe("/queue/q", id="q")
    assert heir.bodies(2) == ["q1", "q2"]
    heir.subscribe("/topic/t", id="t", activemq_subscriptionName="role", selector="kind = 'good'")
    assert heir.bodies(2) == ["t1", "t2"]
    heir.close()


def test_message_ids_are_never_given_twice(broker: RunningBroker) -> None:
    seen = set()
    for _ in range(3):
        client = _client(broker).connect().subscribe("/queue/q")
        client.send("/queue/q", "x")
        seen.add(client.message().headers["message-id"])
        client.close()
        broker.stop()
        broker.start()
    assert len(seen) == 3


def test_another_selector_makes_the_durable_subscription_anew(broker: RunningBroker) -> None:
    client = _client(broker).connect(client_id="c")
    client.subscribe("/topic/t", id="1", activemq_subscriptionName="d", selector="k = 'a'")
    client.connection.unsubscribe(id="1")
    client.send("/topic/t", "old", k="a")
    client.subscribe("/topic/t", id="2", activemq_subscriptionName="d", selector="k = 'b'")
    client.send("/topic/t", "new", k="b")
    assert client.bodies(1) == ["new"]
    client.close()


def test_a_durable_subscription_in_use_is_refused(broker: RunningBroker) -> None:
    client = _client(broker).connect(client_id="c")
    client.subscribe("/topic/t", id="1", activemq_subscriptionName="d")
    client.connection.subscribe("/topic/t", id="2", headers={"activemq.subscriptionName": "d"})
    assert "in use" in client.error()
    assert client.gone.wait(PATIENCE)


def test_not_persistent_messages_never_reach_the_disk(broker: RunningBroker, tmp_path: Path) -> None:
    client = _client(broker).connect(client_id="c")
    client.subscribe("/topic/t", activemq_subscriptionName="d")
    client.close()
    client = _client(broker).connect()
    for destination in ("/queue/q", "/topic/t"):
        client.send(destination, "secret-of-memory", persistent="false")
        client.send(destination, "on-disk")
    client.close()
    assert _counts(broker, "/queue/q")["queued"] == 2
    broker.stop()
    stored = (tmp_path / "broker" / "broker.sqlite3").read_bytes()
    assert b"on-disk" in stored
    assert b"secret-of-memory" not in stored
    broker.start()
    assert _counts(broker, "/queue/q")["queued"] == 1


def test_a_directory_belongs_to_one_broker(broker: RunningBroker, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="another broker"):
        RunningBroker(tmp_path / "broker").start()


# -- bounds


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_slow_topic_subscriber_is_dropped_and_hurts_nobody(tmp_path: Path) -> None:
    limits = dataclasses.replace(Limits(), topic_buffer_messages=100, linger=0.5)
    with RunningBroker(tmp_path, limits=limits) as broker, _raw(broker) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"SUBSCRIBE\nid:slow\ndestination:/topic/t\n\n\0")
        fast = _client(broker).connect().subscribe("/topic/t")
        body = "x" * 10_000
        for _ in range(30):
            for _ in range(50):
                fast.connection.send("/topic/t", body, headers={"persistent": "false"})
            assert fast.bodies(50) == [body] * 50
        assert fast.nothing_more("/topic/t")
        assert _counts(broker, "/topic/t")["consumers"] == 1
        fast.close()


def test_a_slow_topic_subscriber_is_told(tmp_path: Path) -> None:
    limits = dataclasses.replace(Limits(), topic_buffer_messages=10)
    with RunningBroker(tmp_path, limits=limits) as broker:
        slow = _client(broker).connect()
        slow.subscribe("/topic/t", ack="client", activemq_prefetchSize="5")
        for number in range(20):
            slow.connection.send("/topic/t", str(number))
        assert "slow consumer" in slow.error()
        assert slow.gone.wait(PATIENCE)


def test_a_consumer_that_does_not_read_gets_its_queue_later(broker: RunningBroker) -> None:
    with _raw(broker) as slow:
        slow.sendall(b"SUBSCRIBE\nid:slow\ndestination:/queue/q\nreceipt:s\n\n\0")
        assert slow.recv(100).startswith(b"RECEIPT")
        writer = _client(broker).connect()
        body = "x" * 10_000
        for _ in range(2000):
            writer.connection.send("/queue/q", body)
        writer.close()
        assert _counts(broker, "/queue/q")["queued"] > 0
        received = 0
        while received < 2000:
            received += slow.recv(1 << 20).count(b"\0")
    assert _counts(broker, "/queue/q")["enqueued"] == 2000


def test_too_many_not_persistent_messages_are_refused(tmp_path: Path) -> None:
    with RunningBroker(tmp_path, limits=Limits(volatile_messages=10)) as broker:
        client = _client(broker).connect()
        for number in range(11):
            client.connection.send("/queue/q", str(number), headers={"persistent": "false"})
        assert "persistent:true" in client.error()
        assert client.gone.wait(PATIENCE)
        assert _counts(broker, "/queue/q")["queued"] == 10


def test_a_selector_does_not_stall_behind_other_messages(tmp_path: Path) -> None:
    with RunningBroker(tmp_path, limits=Limits(window_messages=10)) as broker:
        client = _client(broker).connect()
        for number in range(300):
            client.connection.send("/queue/q", str(number), headers={"kind": "ab"[number >= 250]})
        client.subscribe("/queue/q", id="b", selector="kind = 'b'")
        assert client.bodies(50) == [str(number) for number in range(250, 300)]
        client.subscribe("/queue/q", id="a")
        assert client.bodies(250) == [str(number) for number in range(250)]
        client.close()


def test_idle_queues_and_expired_messages_are_swept_away(tmp_path: Path) -> None:
    limits = Limits(sweep_interval=0.05, idle_destination=0.1)
    with RunningBroker(tmp_path, limits=limits) as broker:
        client = _client(broker).connect()
        client.send("/queue/q", "short", expires=str(int(time.time() * 1000) + 100))
        deadline = time.monotonic() + PATIENCE
        while "/queue/q" in str(broker.statistics()) and time.monotonic() < deadline:
            threading.Event().wait(0.05)
        assert "/queue/q" not in str(broker.statistics())
        client.close()


# -- looking in


def test_statistics_are_asked_for_by_a_message(broker: RunningBroker) -> None:
    client = _client(broker).connect().subscribe("/queue/replies")
    client.send("/queue/work", "x")
    client.connection.send(
        "/queue/swf.broker.statistics", "", headers={"reply-to": "/queue/replies", "correlation-id": "7"}
    )
    frame = client.message()
    assert frame.headers["correlation-id"] == "7"
    said = json.loads(frame.body)
    work = said["destinations"]["/queue/work"]
    assert (work["queued"], work["in_flight"], work["enqueued"], work["consumers"]) == (1, 0, 1, 0)
    assert said["connections"] == 1
    assert said["started_at"]
    client.close()


def test_browsing_pages_through_a_long_queue_in_order(tmp_path: Path) -> None:
    with RunningBroker(tmp_path, limits=Limits(window_messages=10)) as broker:
        client = _client(broker).connect()
        for number in range(45):
            persistent = "false" if number % 7 == 0 else "true"
            client.connection.send("/queue/q", str(number), headers={"persistent": persistent})
        client.subscribe("/queue/q", browser="true")
        assert client.bodies(45) == [str(number) for number in range(45)]
        assert client.message().headers["browser"] == "end"
        assert _counts(broker, "/queue/q")["queued"] == 45
        client.close()


# -- the command


@contextmanager
def _process(directory: Path, *options: str, **environment: str) -> Iterator[tuple[Any, int]]:
    """A broker process and its port; its log is `directory/log`."""
    port_file, log = directory / "port", directory / "log"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "swf_testbed.broker", "--data", str(directory), "--port", "0"]
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--port-file", str(port_file), *options],
            stderr=stderr,
            env={**os.environ, **environment},
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not port_file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
        port = int(port_file.read_text())
        assert f"listening on 127.0.0.1:{port}" in log.read_text()
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def test_nothing_confirmed_is_lost_by_kill_9(tmp_path: Path) -> None:
    with _process(tmp_path) as (process, port):
        client = StompClient(("127.0.0.1", port)).connect()
        for number in range(3000):
            client.connection.send("/queue/q", str(number), headers={"receipt": str(number)})
        confirmed = [client.receipt() for _ in range(1000)]
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
        assert client.gone.wait(PATIENCE)
        while not client.receipts.empty():
            confirmed.append(client.receipt())
    with _process(tmp_path) as (process, port):
        client = StompClient(("127.0.0.1", port)).connect().subscribe("/queue/q")
        assert client.bodies(len(confirmed)) == confirmed == [str(number) for number in range(len(confirmed))]
        client.close()
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_long_queue_stays_out_of_memory(tmp_path: Path) -> None:
    count = 40_000
    with _process(tmp_path) as (process, port):
        before = _resident(process.pid)
        frame = b"SEND\ndestination:/queue/q\n\n" + b"x" * 1000 + b"\0"
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
            raw.sendall(CONNECT + frame * count + b"DISCONNECT\nreceipt:bye\n\n\0")
            assert b"receipt-id:bye" in _all(raw)
        assert _resident(process.pid) - before < 25e6
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
            raw.sendall(CONNECT + b"SUBSCRIBE\nid:1\ndestination:/queue/q\n\n\0")
            received = -1  # CONNECTED
            while received < count:
                received += raw.recv(1 << 20).count(b"\0")
        assert _resident(process.pid) - before < 25e6


def test_the_command_asks_for_login(tmp_path: Path) -> None:
    options = ("--user", "u", "--password-env", "BROKER_PASS")
    with _process(tmp_path, *options, BROKER_PASS="p") as (_, port):
        StompClient(("127.0.0.1", port), ("u", "p")).connect().close()
        with pytest.raises(ConnectFailedException):
            StompClient(("127.0.0.1", port), ("u", "wrong")).connect()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "swf_testbed.broker", "--data", str(tmp_path), "--user", "u"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "--password-env" in done.stderr
    assert "Traceback" not in done.stderr


_GOOD = [
    b"SEND\ndestination:/queue/q\nreceipt:1\n\nbody\0",
    b"SEND\ndestination:/topic/t\ncontent-length:4\n\nbody\0",
    b"SUBSCRIBE\nid:1\ndestination:/queue/q\nack:client\nselector:a > 5 AND b LIKE 'x%'\n\n\0",
    b"SUBSCRIBE\nid:2\ndestination:/topic/t\nactivemq.subscriptionName:d\n\n\0",
    b"UNSUBSCRIBE\nid:1\n\n\0",
    b"ACK\nid:1-1\n\n\0",
    b"NACK\nid:1-1\n\n\0",
    b"DISCONNECT\nreceipt:9\n\n\0",
]


def _spoiled(random: Random) -> bytes:
    data = bytearray(random.choice(_GOOD) * random.randint(1, 3))
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(data))
        match random.randrange(5):
            case 0:
                data[place] = random.randrange(256)
            case 1:
                del data[place:]
            case 2:
                data[place:place] = random.randbytes(random.randint(1, 30))
            case 3:
                del data[place : place + 3]
            case 4:
                data += random.choice(_GOOD)[: random.randint(1, 40)]
        data = data or bytearray(b"x")
    return bytes(data)


def test_ten_thousand_hostile_connections_leave_it_standing(tmp_path: Path) -> None:
    random = Random(20261123)
    with _process(tmp_path) as (process, port):
        before = _resident(process.pid)
        for number in range(10_000):
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw:
                opening = b"" if number % 5 == 0 else CONNECT.replace(b"x\n", b"x\nclient-id:%d\n" % number)
                raw.sendall(opening + _spoiled(random))
                raw.shutdown(socket.SHUT_WR)
                _all(raw)
        client = StompClient(("127.0.0.1", port)).connect().subscribe("/queue/after")
        assert client.nothing_more("/queue/after")
        client.close()
        assert _resident(process.pid) - before < 40e6
        process.terminate()
        assert process.wait(PATIENCE) == 0
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert "ERROR" not in log
