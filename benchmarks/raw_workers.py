"""The broker's ceiling for workers: raw clients that do with slices what workers do, and nothing else.

Each is a process with a socket. It takes a slice from the persistent queue with prefetch 1, answers with a
persistent message, waits for its receipt, and acknowledges the slice by itself.
"""

import multiprocessing
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.synchronize import Semaphore

from broker import PATIENCE, Client
from swf_testbed.messages import Slice
from swf_testbed.messages.codec import encode, headers
from swf_testbed.model import destinations

_SLICE_ID = re.compile(rb'"slice_id":(\d+)')
_ANSWER = b'{"slice_id":%s,"state":"done"}'


def send(destination: str, body: bytes, said: Mapping[str, str]) -> bytes:
    """A SEND frame."""
    lines = "".join(f"{name}:{value}\n" for name, value in said.items())
    return f"SEND\ndestination:{destination}\ncontent-length:{len(body)}\n{lines}\n".encode() + body + b"\0"


def _subscribed(port: int, destination: str, prefetch: int) -> Client:
    client = Client(port)
    client.say(
        f"SUBSCRIBE\nid:1\ndestination:{destination}\nack:client-individual\n"
        f"activemq.prefetchSize:{prefetch}\nreceipt:s\n\n\0".encode()
    )
    client.read_frames(1)
    return client


def _acknowledged(frame: bytes) -> bytes:
    return b"ACK\nid:%s\n\n\0" % frame.split(b"\nack:", 1)[1].split(b"\n", 1)[0]


def _work(port: int, namespace: str, ready: Semaphore) -> None:
    client = _subscribed(port, destinations.slices(namespace), 1)
    ready.release()
    said = {"persistent": "true", "receipt": "r"}
    while True:
        (message,) = client.read_frames(1)
        found = _SLICE_ID.search(message)
        assert found is not None
        client.say(send(destinations.results(namespace), _ANSWER % found[1], said))
        client.read_frames(1)
        client.say(_acknowledged(message))


@contextmanager
def raw_workers(port: int, namespace: str, count: int) -> Iterator[None]:
    """So many of them, while the context lasts."""
    context = multiprocessing.get_context("spawn")
    ready = context.Semaphore(0)
    processes = [context.Process(target=_work, args=(port, namespace, ready)) for _ in range(count)]
    for process in processes:
        process.daemon = True
        process.start()
    try:
        for _ in processes:
            if not ready.acquire(timeout=PATIENCE):
                raise TimeoutError("the raw clients did not start")
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def answered(port: int, slices: Sequence[Slice]) -> float:
    """Slices a second, from the first into the queue to the last answer; whoever answers them.

    Publisher and reader are raw too, so that they cost little beside what is measured.
    """
    frames = [send(one.destination, encode(one), headers(one)) for one in slices]
    wanted = {one.content.slice_id for one in slices}
    reader, writer = _subscribed(port, destinations.results(slices[0].namespace), 1000), Client(port)
    publisher = threading.Thread(target=lambda: [writer.say(frame) for frame in frames])
    began = time.perf_counter()
    publisher.start()
    while wanted:
        for frame in reader.read_frames(1):
            if not frame.startswith(b"MESSAGE"):
                continue  # the receipt of the subscription: an answer that came twice was before it
            found = _SLICE_ID.search(frame)
            assert found is not None, frame[:2000]
            assert b'"state":"done"' in frame, frame[:2000]
            reader.say(_acknowledged(frame))
            wanted.discard(int(found[1]))
    seconds = time.perf_counter() - began
    publisher.join()
    for client in (reader, writer):
        client.close()
    return len(slices) / seconds
