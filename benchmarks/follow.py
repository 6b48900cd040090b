"""How fast a client follows the stream: `python benchmarks/follow.py [--events N]`.

A plain HTTP server on loopback sends N announcements of samples as fast as they are taken. Three clients take
turns, and the best of three rounds of each counts: one that only reads the bytes and parses the JSON of each
data line, which is the least that a client can do; our iterator; and our iterator with the statistics of the
live view. The ratio to the first is what parsing to the letter, resuming and counting cost.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from uuid import UUID

import httpx
from figures import Figure, tell

from swf_testbed.fastmon_client.statistics import Statistics
from swf_testbed.messages import SamplingReport, TfFileRegistered
from swf_testbed.model.clock import now
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.sse import PATH

ROUNDS = 3


def body(events: int) -> bytes:
    """A stream of so many samples."""
    sampling = SamplingReport(
        policy="blocks", fraction=0.05, seed=1, accepted=50, evaluated=1000, part=0, parts=(7,) * 7
    )
    message = TfFileRegistered(
        namespace="bench",
        sender="fastmon-agent-bench-1",
        run_id=100_010,
        tf_file_id=UUID(int=7),
        tf_filename="swf.100010.000001_tf_001.tf",
        file_url="file:///data/samples/100010/swf.100010.000001_tf_001.tf",
        stf_filename="swf.100010.000001.stf",
        tf_first=0,
        tf_last=6,
        tf_count=7,
        file_size_bytes=90_000,
        checksum="ad:0a1b2c3d",
        status="registered",
        sampling=sampling,
        egress_at=now(),
    )
    said = message.model_dump_json()
    frames = (f"id: {number}\nevent: {message.msg_type}\ndata: {said}\n\n" for number in range(1, events + 1))
    return ('event: connected\ndata: {"resumed_from": 0}\n\n' + "".join(frames)).encode()


@contextmanager
def serving(sent: bytes) -> Iterator[str]:
    """A server that answers every request with the stream."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class has it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def least(url: str, events: int) -> None:
    """Bytes and JSON alone."""
    count, rest = 0, b""
    with httpx.stream("GET", url + PATH, trust_env=False) as response:
        for piece in response.iter_bytes():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    json.loads(line[6:])
                    count += 1
    assert count == events + 1


def iterator(url: str, events: int) -> None:
    """Our iterator."""
    with MonitorClient(url) as monitor, monitor.events(0) as stream:
        assert sum(1 for _ in islice(stream, events)) == events


def counted(url: str, events: int) -> None:
    """Our iterator, with statistics."""
    statistics = Statistics()
    with MonitorClient(url) as monitor, monitor.events(0) as stream:
        for event in islice(stream, events):
            statistics.add(event)
    (run,) = statistics.runs
    assert run.samples == events


def seconds(work: Callable[[str, int], None], url: str, events: int) -> float:
    """How long one round takes."""
    begin = time.perf_counter()
    work(url, events)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000, metavar="N")
    events = parser.parse_args().events
    kinds = (("bytes and JSON", least), ("iterator", iterator), ("with statistics", counted))
    best = {name: float("inf") for name, _ in kinds}
    with serving(body(events)) as url:
        for _ in range(ROUNDS):
            for name, work in kinds:
                best[name] = min(best[name], seconds(work, url, events))
    print(f"{events} events of {len(body(1)) - len(body(0))} bytes, best of {ROUNDS}")
    peer, *ours = [(name, events / took) for name, took in best.items()]
    tell(*(Figure(f"stream, {name}", rate, "events/s", *peer, "higher") for name, rate in ours))


if __name__ == "__main__":
    main()
