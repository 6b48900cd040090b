"""Messages a second through the embedded broker: `python benchmarks/broker.py [--messages N] [--size BYTES]`.

The client is a raw socket in this process, the broker a process of its own: what is measured is the broker.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0


class Client:
    """A STOMP client of a few lines; every wait is bounded."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.say(b"CONNECT\naccept-version:1.2\nhost:x\n\n\0")
        self.read_frames(1)

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def read_frames(self, count: int) -> list[bytes]:
        """The next frames; bodies must hold no NUL."""
        frames: list[bytes] = []
        while len(frames) < count:
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError("the broker closed the connection")
            *whole, self._rest = (self._rest + data).split(b"\0")
            frames += whole
        return frames

    def close(self) -> None:
        """Close."""
        self._socket.close()


@contextmanager
def running_broker() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A broker process on a scratch directory."""
    with tempfile.TemporaryDirectory() as directory:
        port_file = Path(directory) / "port"
        command = [sys.executable, "-m", "swf_testbed.broker", "--port", "0", "--log-level", "WARNING"]
        process = subprocess.Popen([*command, "--data", directory, "--port-file", str(port_file)])
        began = time.perf_counter()
        try:
            while not port_file.exists() and process.poll() is None:
                if time.perf_counter() - began > PATIENCE:
                    raise TimeoutError("the broker did not start")
                time.sleep(0.005)
            print(f"{'start':<44}{time.perf_counter() - began:>10.2f} s")
            yield int(port_file.read_text()), process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Memory of a process now (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def frame(destination: str, body: bytes, *headers: str) -> bytes:
    """A SEND frame."""
    lines = "".join(f"{header}\n" for header in headers)
    head = f"SEND\ndestination:{destination}\ncontent-length:{len(body)}\nmsg_type:bench\n{lines}\n"
    return head.encode() + body + b"\0"


def pump(port: int, destination: str, body: bytes, messages: int, *headers: str) -> None:
    """Send messages, a hundred a system call, and end with a receipt."""
    client = Client(port)
    data = frame(destination, body, *headers)
    for start in range(0, messages, 100):
        client.say(data * min(100, messages - start))
    client.say(frame("/topic/bench.end", b"", "receipt:end"))
    client.read_frames(1)
    client.close()


def through(port: int, destination: str, body: bytes, messages: int, *headers: str) -> float:
    """Messages a second from one producer to one consumer."""
    consumer = Client(port)
    subscribe = f"SUBSCRIBE\nid:1\ndestination:{destination}\nack:auto\nreceipt:s\n\n\0"
    consumer.say(subscribe.encode())
    consumer.read_frames(1)
    producer = threading.Thread(target=pump, args=(port, destination, body, messages, *headers))
    began = time.perf_counter()
    producer.start()
    consumer.read_frames(messages)
    seconds = time.perf_counter() - began
    producer.join(PATIENCE)
    consumer.close()
    return messages / seconds


def with_acknowledgements(port: int, body: bytes, messages: int) -> float:
    """Messages a second through a persistent queue, each acknowledged by itself."""
    consumer = Client(port)
    consumer.say(b"SUBSCRIBE\nid:1\ndestination:/queue/bench.ack\nack:client-individual\nreceipt:s\n\n\0")
    consumer.read_frames(1)
    producer = threading.Thread(target=pump, args=(port, "/queue/bench.ack", body, messages))
    began = time.perf_counter()
    producer.start()
    done = 0
    while done < messages:
        frames = consumer.read_frames(1)
        done += len(frames)
        acks = [each.split(b"\nack:", 1)[1].split(b"\n", 1)[0] for each in frames]
        consumer.say(b"".join(b"ACK\nid:%s\n\n\0" % ack for ack in acks))
    seconds = time.perf_counter() - began
    producer.join(PATIENCE)
    consumer.close()
    return messages / seconds


def one_by_one(port: int, body: bytes, messages: int) -> float:
    """Persistent messages a second, each sent when the receipt of the one before has come."""
    client = Client(port)
    began = time.perf_counter()
    for number in range(messages):
        client.say(frame("/queue/bench.receipts", body, f"receipt:{number}"))
        client.read_frames(1)
    seconds = time.perf_counter() - began
    client.close()
    return messages / seconds


def fill_and_drain(port: int, body: bytes, messages: int) -> tuple[float, float]:
    """Messages a second into a queue without consumers, and out of it."""
    began = time.perf_counter()
    pump(port, "/queue/bench.deep", body, messages)
    filled = time.perf_counter()
    consumer = Client(port)
    consumer.say(b"SUBSCRIBE\nid:1\ndestination:/queue/bench.deep\nack:auto\n\n\0")
    consumer.read_frames(messages)
    consumer.close()
    return messages / (filled - began), messages / (time.perf_counter() - filled)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000, help="of each measurement (%(default)s)")
    parser.add_argument("--size", type=int, default=500, help="bytes of a body (%(default)s)")
    options = parser.parse_args()
    body = b"x" * options.size
    with running_broker() as (port, process):
        idle = resident_mb(process)

        def show(name: str, value: float) -> None:
            print(f"{name:<44}{value:>10.0f} messages/s{resident_mb(process):>8.0f} MB")

        print(f"{'idle':<44}{'':>21}{idle:>8.0f} MB")
        count = options.messages
        show("topic, 1 producer, 1 consumer", through(port, "/topic/bench", body, count))
        show("queue, persistent, auto", through(port, "/queue/bench", body, count))
        show("queue, not persistent", through(port, "/queue/bench", body, count, "persistent:false"))
        show("queue, persistent, each acknowledged", with_acknowledgements(port, body, count // 2))
        show("queue, persistent, a receipt each in turn", one_by_one(port, body, count // 20))
        filled, drained = fill_and_drain(port, body, count * 4)
        show(f"queue, filling with {count * 4}", filled)
        show("queue, draining them", drained)


if __name__ == "__main__":
    main()
