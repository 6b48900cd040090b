"""A real monitor server, and the rows that it is told."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np

from swf_test_servers import monitor_addresses
from swf_testbed.fastmon.counts import Axis
from swf_testbed.fastmon.uhi_codec import to_uhi
from swf_testbed.model.clock import iso, now

START_S = 120


@dataclass
class Monitor:
    """A running monitor, and what was told to it."""

    url: str
    client: httpx.Client
    home: Path
    revision: dict[int, int] = field(default_factory=dict)

    def post(self, path: str, document: Any) -> Any:
        answer = self.client.post(f"/api/{path}/", json=document)
        assert answer.is_success, answer.text
        return answer.json()

    def say(self, msg_type: str, run_number: int, **content: Any) -> None:
        """A message as the intake would store it: it goes out on the stream."""
        said = {"message_id": str(uuid4()), "message_type": msg_type, "run_id": run_number}
        body = {"msg_type": msg_type, "run_id": run_number, **content}
        self.post(
            "workflow-messages", said | {"sender_agent": "test", "namespace": "t", "message_content": body}
        )

    def add_stf(self, run_number: int, sequence: int) -> None:
        """An STF file with one sample of two slices, both done."""
        stem = f"swf.{run_number}.{sequence:06d}"
        times = {"egress_at": iso(now())}
        stf = {"stf_filename": f"{stem}.stf", "run": run_number, "sequence": sequence, **times}
        self.post("stf-files", stf | {"file_size_bytes": 10_000_000, "tf_first": 0, "tf_count": 1000})
        sample = {"tf_filename": f"{stem}_tf_001.tf", "stf_file": f"{stem}.stf", "tf_count": 7}
        self.post("fastmon-files", sample)
        slices = [
            {"fastmon_file": f"{stem}_tf_001.tf", "slice_id": number, "run_number": run_number, "tf_count": 4}
            for number in range(2)
        ]
        self.post("tf-slices", slices)

    def add_counts(
        self,
        run_number: int,
        hits: int,
        label: str = "dRICH: ADC spectrum",
        slices: Sequence[dict[str, Any]] = (),
    ) -> None:
        """A step of merging: the ADC spectrum of dRICH with so many hits, and the message that says so."""
        counts = np.zeros(257, np.int64)
        counts[20:220] = hits // 200
        axis = Axis("ADC", "counts", 256, 0, 1024)
        content = to_uhi("adc", label, axis, counts, subsystem="drich", quantity="hits")
        self.merge(run_number, "adc", content, slices)

    def merge(
        self, run_number: int, name: str, content: dict[str, Any], slices: Sequence[dict[str, Any]] = ()
    ) -> None:
        """A step of merging: a histogram of dRICH, slices that are done, and the message that says so."""
        revision = self.revision.get(run_number, 0)
        histogram = {"run_number": run_number, "subsystem": "drich", "name": name, "content": content}
        results = {"run_number": run_number, "expected_revision": revision, "histograms": [histogram]}
        part = f"stf:swf.{run_number}.{revision:06d}.stf"
        self.post("run-results", results | {"parts": [part], "slices": list(slices)})
        self.revision[run_number] = revision + 1
        self.say("histograms_updated", run_number, revision=revision + 1, products={"drich": [name]})

    def add_run(self, run_number: int, **fields: Any) -> None:
        """A run in physics with one STF."""
        self.post("runs", {"run_number": run_number, "start_time": iso(now()), "namespace": "t", **fields})
        state = {"phase": "physics", "state": "run", "substate": "physics"}
        self.post("run-states", {"run_number": run_number, **state})
        event = {"message_id": str(uuid4()), "event_type": "start_run", "timestamp": iso(now())}
        self.post(
            "system-state-events",
            event | {"run_number": run_number, "state": "run", "substate": "physics"},
        )
        self.add_stf(run_number, 1)


def manage(home: Path, *words: str) -> None:
    """One of Django's commands on the database of a monitor."""
    command = [sys.executable, "-m", "swf_testbed.monitor", "manage", *words]
    subprocess.run(command, env=os.environ | {"SWF_HOME": str(home)}, check=True, capture_output=True)


SERVER = ("-m", "swf_testbed.monitor", "serve")


@contextmanager
def serving(home: Path, program: Sequence[str] = SERVER, **environment: str) -> Iterator[Monitor]:
    """A monitor of its own, started as the testbed starts it."""
    own = monitor_addresses() | environment
    url = own["SWF_MONITOR_HTTP_URL"]
    env = os.environ | {"SWF_HOME": str(home)} | own
    log = home / "monitor.log"
    with log.open("w") as stream:
        server = subprocess.Popen([sys.executable, *program], env=env, stderr=stream)
    try:
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(base_url=url, transport=transport, timeout=60, trust_env=False) as client:
            _wait_for(client, server, log)
            token = (home / "var" / "private" / "token").read_text().strip()
            client.headers["Authorization"] = f"Token {token}"
            yield Monitor(url, client, home)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(15)


def _wait_for(client: httpx.Client, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = now().timestamp() + START_S
    while now().timestamp() < end:
        try:
            if client.get("/api/health/").is_success:
                return
        except httpx.TransportError:
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
    raise AssertionError(f"the monitor did not start:\n{log.read_text()[-3000:]}")
