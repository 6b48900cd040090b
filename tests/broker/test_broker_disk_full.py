"""A disk without room: the broker says so and ends, what it has confirmed is kept, and all goes on later."""

import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swf_test_servers import free_port
from swf_testbed.bus import BrokerAddress, StompBus, Subscription

QUEUE = "/queue/full"
PATIENCE_S = 90.0


@contextmanager
def broker(data: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "swf_testbed.broker", "--port", str(port), "--data", str(data)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def publish(bus: StompBus, first: int, last: int) -> None:
    for number in range(first, last):
        bus.publish_body(QUEUE, f"{number}:{'x' * 2000}".encode(), {"persistent": "true"})


def test_what_finds_no_room_is_said_again_until_there_is_some(tmp_path: Path) -> None:
    port = free_port()
    with StompBus(BrokerAddress("127.0.0.1", port)) as bus:
        with broker(tmp_path, port) as process:
            publish(bus, 0, 50)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            rest = threading.Thread(target=publish, args=(bus, 50, 100))
            rest.start()
            said = process.communicate(timeout=PATIENCE_S)[1]
            assert process.returncode == 1
            assert "cannot store messages" in said
            assert "Traceback" not in said
        with broker(tmp_path, port):
            rest.join(PATIENCE_S)
            assert not rest.is_alive()
            inbox = bus.subscribe(Subscription(QUEUE))
            heard: set[int] = set()
            while len(heard) < 100:
                taken = inbox.take(200, timeout_s=PATIENCE_S)
                assert taken, f"only {len(heard)} of 100"
                heard |= {int(one.body.partition(b":")[0]) for one in taken}
                inbox.ack(taken)
            assert heard == set(range(100))
