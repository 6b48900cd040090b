"""Many clients of the stream: each hears each message once, in order, over restarts and beside slow ones.

The long form is `benchmarks/stream.py`.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from monitor_instance import Instance

from swf_testbed.model.clock import now
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.testing import Crowd
from swf_testbed.records import Subscriber, WorkflowMessage

pytestmark = pytest.mark.timeout(300)

PATIENCE_S = 90
STREAM = "/api/messages/stream/"


class Speaker:
    """Says numbered notes in a namespace of its own."""

    def __init__(self, client: MonitorClient, text: str = "") -> None:
        self._client, self._text = client, text
        self.namespace = f"n{uuid4().hex[:10]}"
        self.said = 0

    def say(self, count: int) -> None:
        notes = [
            WorkflowMessage(
                message_id=uuid4(),
                message_type="note",
                sender_agent="speaker",
                namespace=self.namespace,
                message_content={"number": number, "text": self._text},
                sent_at=now(),
            )
            for number in range(self.said, self.said + count)
        ]
        self._client.upsert(notes)
        self.said += count


def crowd_of(instance: Instance, speaker: Speaker, *, resumes: bool = False) -> Crowd:
    address = urlsplit(instance.url)
    assert address.hostname
    assert address.port
    path = f"{STREAM}?namespace={speaker.namespace}"
    token = {"Authorization": f"Token {instance.settings.api_token()}"}
    return Crowd(address.hostname, address.port, path, token, resumes=resumes)


@pytest.mark.both_databases
def test_fifty_clients_hear_two_hundred_messages_each_once_and_in_order(
    client: MonitorClient, instance: Instance
) -> None:
    async def scene() -> None:
        speaker = Speaker(client)
        crowd = crowd_of(instance, speaker)
        await crowd.enter(50)
        for count in (1, 1, 1, 5, 92, 100):
            await asyncio.to_thread(speaker.say, count)
        async with asyncio.timeout(PATIENCE_S):
            await crowd.heard(200)
        crowd.check(200)
        crowd.leave()

    asyncio.run(scene())


def test_a_restart_in_the_middle_costs_nobody_a_message(make_instance: Callable[..., Instance]) -> None:
    """Once at its leisure, once killed; messages are said while clients come back."""
    one = make_instance()

    with one.serving():
        pass  # It makes the token.

    async def scene(client: MonitorClient) -> None:
        speaker = Speaker(client)
        crowd = crowd_of(one, speaker, resumes=True)
        for life in range(3):
            with one.serving() as server:
                if life == 0:
                    await crowd.enter(20)
                for _ in range(20):
                    await asyncio.to_thread(speaker.say, 3)
                if life == 1:
                    server.kill()
                elif life == 2:
                    async with asyncio.timeout(PATIENCE_S):
                        await crowd.heard(180)
        crowd.leave()
        crowd.check(180)
        assert all(listener.reconnections >= 1 for listener in crowd.listeners)

    with one.client(patience_s=PATIENCE_S) as client:
        asyncio.run(scene(client))


@contextmanager
def reading_slowly(instance: Instance, namespace: str) -> Iterator[socket.socket]:
    """A stream of which a byte a second is read, until the context ends."""
    address = urlsplit(instance.url)
    ended = threading.Event()
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(PATIENCE_S)
        slow.connect((address.hostname, address.port))
        asked = (
            f"GET {STREAM}?namespace={namespace} HTTP/1.0\r\nHost: {address.netloc}\r\nUser-Agent: slow\r\n"
        )
        token = f"Authorization: Token {instance.settings.api_token()}\r\n\r\n"
        slow.sendall((asked + token).encode())
        assert slow.recv(1) == b"H"

        def read() -> None:
            while not ended.wait(1.0) and slow.recv(1):
                pass

        reading = threading.Thread(target=read)
        reading.start()
        try:
            yield slow
        finally:
            ended.set()
            reading.join()


def test_a_client_that_does_not_read_is_closed_and_slows_nobody(
    make_instance: Callable[..., Instance],
) -> None:
    one = make_instance(SWF_STREAM_QUEUE="100")

    async def scene(client: MonitorClient) -> None:
        speaker = Speaker(client, "x" * 2000)
        crowd = crowd_of(one, speaker)
        await crowd.enter(5)
        with reading_slowly(one, speaker.namespace) as slow:
            while not client.stream_status().evicted:
                await asyncio.to_thread(speaker.say, 40)
                async with asyncio.timeout(PATIENCE_S):
                    await crowd.heard(speaker.said)
                assert speaker.said < 4000
            await asyncio.to_thread(wait_until_cut_off, slow)
        crowd.check(speaker.said)
        status = client.stream_status()
        crowd.leave()
        [evicted] = status.evictions
        assert evicted.agent == "slow"
        assert evicted.reason is not None
        assert evicted.reason.startswith("too slow: more than 100 messages waited")
        record = client.get(Subscriber, evicted.client)
        assert record.metadata["reason"] == evicted.reason
        assert record.messages_sent + record.messages_dropped == record.messages_received
        assert record.messages_dropped > 100

    with one.serving(), one.client() as client:
        asyncio.run(scene(client))


def wait_until_cut_off(stream: socket.socket) -> None:
    try:
        while stream.recv(65536):
            pass
    except ConnectionResetError:
        return
