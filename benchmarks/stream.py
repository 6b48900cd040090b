"""The event stream beside a bare broadcaster: `python benchmarks/stream.py [PART ...]`.

The parts are `rate` (1000 clients, 1000 messages at 50 a second), `burst` (the same at once), `slow` (a
client reads a byte a second) and `restart` (the monitor is restarted five times); all, if none is named.

The bare broadcaster is a Starlette application on uvicorn with a queue for each client. It stores nothing,
checks nothing and forgets everything. Both are told the messages by POST, and a delay counts from before the
POST until a client has the message, so that ours has storing in it. Every client checks that messages come
once, and in order. The last line of a table is the ratio of the two.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import uvicorn
from figures import Figure, tell
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from swf_test_servers import free_port, monitor_addresses
from swf_testbed.broker.testing import RunningBroker
from swf_testbed.config.environment import load_settings
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.testing import Crowd

STREAM = "/api/messages/stream/"
SAY = "/api/workflow-messages/"
HOST = "127.0.0.1"
PATIENCE_S = 240
TEXT = "x" * 200


def bare() -> Starlette:
    """The peer: a queue for each client, and nothing else."""
    clients: set[asyncio.Queue[bytes]] = set()
    count = 0

    async def events(request: Request) -> StreamingResponse:
        del request
        own: asyncio.Queue[bytes] = asyncio.Queue()
        clients.add(own)

        async def pieces() -> AsyncIterator[bytes]:
            try:
                yield b"event: connected\ndata: {}\n\n"
                while True:
                    yield await own.get()
            finally:
                clients.discard(own)

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def say(request: Request) -> JSONResponse:
        nonlocal count
        for message in await request.json():
            count += 1
            data = json.dumps(message["message_content"], separators=(",", ":")).encode()
            frame = b"id: %d\nevent: note\ndata: %s\n\n" % (count, data)
            for own in clients:
                own.put_nowait(frame)
        return JSONResponse([])

    return Starlette(routes=[Route(STREAM, events), Route(SAY, say, methods=["POST"])])


@dataclass
class Server:
    """A server in a process of its own."""

    name: str
    port: int
    token: str
    process: "subprocess.Popen[bytes]"

    def cpu_s(self) -> float:
        """CPU time used so far, by all threads, s."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kb(self, which: str) -> int:
        """`VmRSS`, now, or `VmHWM`, the most so far; kB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(which):
                return int(line.split()[1])
        raise RuntimeError(f"no {which}")

    def headers(self) -> dict[str, str]:
        """Who asks."""
        return {"Authorization": f"Token {self.token}"} if self.token else {}


@contextmanager
def bare_server() -> Iterator[Server]:
    """The peer."""
    port = free_port()
    command = [sys.executable, __file__, "--serve-bare", str(port)]
    with subprocess.Popen(command) as process:
        try:
            wait_for(port)
            yield Server("bare", port, "", process)
        finally:
            process.kill()


@contextmanager
def our_server(environment: dict[str, str]) -> Iterator[Server]:
    """The monitor's web process."""
    settings = load_settings(environment)
    command = [sys.executable, "-m", "swf_testbed.monitor", "serve"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            with MonitorClient(settings.swf_monitor_http_url, patience_s=60) as client:
                client.health()
            yield Server("ours", settings.monitor_port, settings.api_token(), process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@contextmanager
def environment_of_ours(**more: str) -> Iterator[dict[str, str]]:
    """A home of its own, with a broker."""
    with (
        tempfile.TemporaryDirectory(prefix="swf-stream-") as home,
        RunningBroker(Path(home) / "broker") as broker,
    ):
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        yield {
            **inherited,
            "SWF_HOME": home,
            "SWF_LOG_LEVEL": "WARNING",
            **monitor_addresses(),
            "SWF_STREAM_MAX_CLIENTS": "100000",
            "SWF_STREAM_MAX_CLIENTS_PER_USER": "100000",
            "ACTIVEMQ_PORT": str(broker.port),
            **more,
        }


def wait_for(port: int) -> None:
    """Returns when somebody listens there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("the bare broadcaster did not start")


class Speaker:
    """Says numbered messages at a rate, or all at once; knows when each was said."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.said_at: list[float] = []

    def delay_of(self, number: int, moment: float) -> float:
        """How long a message took until then, s."""
        return moment - self.said_at[number]

    def _messages(self, count: int) -> list[dict[str, Any]]:
        first = len(self.said_at)
        self.said_at += [time.monotonic()] * count
        return [
            {
                "message_id": str(UUID(int=random.getrandbits(128))),  # only has to differ
                "message_type": "note",
                "sender_agent": "speaker",
                "namespace": "bench",
                "message_content": {"number": number, "text": TEXT},
            }
            for number in range(first, first + count)
        ]

    async def say(self, count: int, rate: float | None) -> None:
        """Say so many more; each is tried until it is stored."""
        url = f"http://{HOST}:{self._server.port}"
        async with httpx.AsyncClient(
            base_url=url, headers=self._server.headers(), trust_env=False, timeout=60
        ) as http:
            if rate is None:
                await self._post(http, self._messages(count))
                return
            begin = time.monotonic()
            for index in range(count):
                await asyncio.sleep(begin + index / rate - time.monotonic())
                await self._post(http, self._messages(1))

    async def _post(self, http: httpx.AsyncClient, messages: list[dict[str, Any]]) -> None:
        while True:
            try:
                answer = await http.post(SAY, json=messages)
                answer.raise_for_status()
            except (httpx.TransportError, httpx.HTTPStatusError):
                await asyncio.sleep(0.1)
            else:
                return


@dataclass
class Figures:
    """What one part came to."""

    name: str
    cpu_us: float
    kb_each: float
    peak_kb_each: float
    p50_ms: float
    p99_ms: float
    took_s: float

    def line(self) -> str:
        """As a line of the table."""
        return (
            f"{self.name:>6} {self.cpu_us:11.1f} {self.kb_each:10.0f} {self.peak_kb_each:10.0f} "
            f"{self.p50_ms:10.1f} {self.p99_ms:10.1f} {self.took_s:8.1f}"
        )


HEAD = "server  CPU us/del  kB/client   peak kB     p50 ms     p99 ms   took s"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def measure(server: Server, clients: int, messages: int, rate: float | None) -> Figures:
    """Let a server hand so many messages to so many clients."""
    speaker = Speaker(server)
    crowd = Crowd(HOST, server.port, STREAM, server.headers(), delay_of=speaker.delay_of)
    empty = server.memory_kb("VmRSS")
    await crowd.enter(clients)
    open_kb = server.memory_kb("VmRSS") - empty
    before, begin = server.cpu_s(), time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        await speaker.say(messages, rate)
        await crowd.heard(messages)
    took, used = time.monotonic() - begin, server.cpu_s() - before
    crowd.check(messages)
    figures = Figures(
        server.name,
        1e6 * used / (clients * messages),
        open_kb / clients,
        (server.memory_kb("VmHWM") - empty) / clients,
        1e3 * percentile(crowd.delays, 0.5),
        1e3 * percentile(crowd.delays, 0.99),
        took,
    )
    crowd.leave()
    return figures


def compare(title: str, clients: int, messages: int, rate: float | None) -> None:
    """Both servers, one after the other."""
    print(f"\n{title}: {clients} clients, {messages} messages; every client got each once, in order")
    print(HEAD, flush=True)
    with bare_server() as server:
        peer = asyncio.run(measure(server, clients, messages, rate))
    print(peer.line(), flush=True)
    with environment_of_ours() as environment, our_server(environment) as server:
        ours = asyncio.run(measure(server, clients, messages, rate))
    print(ours.line())
    ratios = [
        getattr(ours, name) / getattr(peer, name)
        for name in ("cpu_us", "kb_each", "peak_kb_each", "p50_ms", "p99_ms")
    ]
    print(" ratio {:11.2f} {:10.2f} {:10.2f} {:10.2f} {:10.2f}".format(*ratios), flush=True)
    name = title.partition(",")[0]
    tell(
        Figure(f"stream, {name}: processor a delivery", ours.cpu_us, "µs", "bare broadcaster", peer.cpu_us),
        Figure(f"stream, {name}: p99 of the delay", ours.p99_ms, "ms", "bare broadcaster", peer.p99_ms),
    )


async def read_slowly(server: Server) -> None:
    """A client that reads one byte a second."""
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, (HOST, server.port))
        said = f"GET {STREAM} HTTP/1.0\r\nHost: {HOST}\r\nUser-Agent: slow\r\n"
        said += "".join(f"{name}: {value}\r\n" for name, value in server.headers().items())
        await loop.sock_sendall(slow, f"{said}\r\n".encode())
        with contextlib.suppress(OSError):
            while await loop.sock_recv(slow, 1):
                await asyncio.sleep(1)


async def with_and_without(server: Server, clients: int, messages: int, rate: float) -> list[float]:
    """The 99th percentiles of the delay, ms: without a slow client, and with one."""
    found = []
    for slow in (False, True):
        speaker = Speaker(server)
        crowd = Crowd(HOST, server.port, STREAM, server.headers(), delay_of=speaker.delay_of)
        await crowd.enter(clients)
        reading = asyncio.create_task(read_slowly(server)) if slow else None
        await speaker.say(messages, rate)
        await crowd.heard(messages)
        crowd.check(messages)
        crowd.leave()
        if reading is not None:
            reading.cancel()
        found.append(1e3 * percentile(crowd.delays, 0.99))
    return found


def slow(clients: int, seconds: int, rate: float) -> None:
    """A client that reads one byte a second, for a minute."""
    print(
        f"\nslow: {clients} clients, {rate:.0f} messages/s, {seconds} s without and with a client of 1 byte/s"
    )
    with environment_of_ours(SWF_STREAM_QUEUE="500") as environment, our_server(environment) as server:
        without, with_it = asyncio.run(with_and_without(server, clients, round(seconds * rate), rate))
        with httpx.Client(headers=server.headers(), trust_env=False) as http:
            status = http.get(f"http://{HOST}:{server.port}{STREAM}status/").json()
    tell(Figure("stream, p99 of the others beside a slow reader", with_it, "ms", "without it", without))
    for one in status["evictions"]:
        print(
            f"evicted: {one['agent']} after {one['sent']} of {one['received']}: {one['reason']}", flush=True
        )


async def say_on(environment: dict[str, str], messages: int, rate: float, restarts: int, clients: int) -> int:
    """Restart the server while messages are said; how often clients came again."""
    settings = load_settings(environment)
    per_life = messages // (restarts + 1)
    crowd: Crowd | None = None
    speaker: Speaker | None = None
    for life in range(restarts + 1):
        with contextlib.ExitStack() as stack:
            server = await asyncio.to_thread(stack.enter_context, our_server(environment))
            if crowd is None or speaker is None:
                speaker = Speaker(server)
                crowd = Crowd(HOST, settings.monitor_port, STREAM, server.headers(), resumes=True)
                await crowd.enter(clients)
            await speaker.say(per_life, rate)
            if life == restarts:
                async with asyncio.timeout(PATIENCE_S):
                    await crowd.heard(len(speaker.said_at))
                crowd.check(len(speaker.said_at))
                crowd.leave()
            elif life % 2:
                server.process.kill()
            await asyncio.to_thread(stack.close)
    assert crowd is not None
    return sum(one.reconnections for one in crowd.listeners)


def restart(clients: int, messages: int, rate: float, restarts: int) -> None:
    """The monitor goes down and comes back, by turns at its leisure and killed."""
    print(f"\nrestart: {clients} clients, {messages} messages, {restarts} restarts", flush=True)
    with environment_of_ours() as environment:
        again = asyncio.run(say_on(environment, messages, rate, restarts, clients))
    print(f"every client got each message once, in order; they connected again {again} times", flush=True)


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", choices=[[], "rate", "burst", "slow", "restart"])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second")
    parser.add_argument("--serve-bare", type=int, metavar="PORT", help=argparse.SUPPRESS)
    said = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if said.serve_bare:
        uvicorn.run(
            bare(), port=said.serve_bare, log_level="warning", access_log=False, timeout_graceful_shutdown=1
        )
        return
    wanted = said.part or ["rate", "burst", "slow", "restart"]
    if "rate" in wanted:
        compare(f"rate, {said.rate:g} messages/s", said.clients, said.messages, said.rate)
    if "burst" in wanted:
        compare("burst", said.clients, said.messages, None)
    if "slow" in wanted:
        slow(min(said.clients, 100), 60, said.rate)
    if "restart" in wanted:
        restart(50, 600, said.rate, 5)


if __name__ == "__main__":
    main()
