"""How a run is sampled is changed while it goes on: the agent as a process, a real monitor and broker."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fastmon_files import FRAMES, StfMaker, ready
from monitor_instance import Instance

from swf_testbed.messages import Message, SetSampling
from swf_testbed.model.clock import now
from swf_testbed.model.detectors import detector
from swf_testbed.model.names import MAIN_STREAM
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.monitor_client.sse import Event
from swf_testbed.records import Run, StfFile, SystemStateEvent
from swf_testbed.records.runs import SAMPLING_CHANGED
from swf_testbed.stf.reader import StfReader

SIDE = "luminosity"
BUSY = 15
"""Hits of the FEMC in a frame that is taken besides: some have so many."""

TESTBED = f"""
[testbed]
namespace = "NAMESPACE"

[fastmon]
tf_files_per_stf = 1

# Both must accept: frames 0 and 36 of 60.
[[fastmon.policies]]
kind = "every_n"
n = 12
[[fastmon.policies]]
kind = "consecutive"
n = 7
of = 30

[fastmon.subsystems]
femc = [{{ kind = "volume", quantity = "hits", detectors = ["femc"], minimum = {BUSY} }}]

[fastmon.streams.{SIDE}]
policies = [{{ kind = "every_n", n = 10 }}]
subsystems = {{}}
"""


class Commanded:
    """An agent that samples what is announced."""

    def __init__(self, instance: Instance, folder: Path, client: MonitorClient, run: int) -> None:
        self._instance, self.client, self.run = instance, client, run
        self.namespace = f"commanded-{run}"
        client.upsert([Run(run_number=run, namespace=self.namespace)])
        configured = folder / "testbed.toml"
        configured.write_text(TESTBED.replace("NAMESPACE", self.namespace))
        self._environment = {**instance.environment, "SWF_TESTBED_CONFIG": str(configured)}
        self._maker = StfMaker(folder / "made", run, SIDE)
        self._events = iter(client.events(0, namespace=self.namespace, msg_types=["tf_file_registered"]))

    @contextmanager
    def agent(self) -> Iterator["subprocess.Popen[bytes]"]:
        """An agent that is ready: it hears what is said from now on."""
        begin, states = self.client.newest_event_id(), ["agent_state"]
        command = [sys.executable, "-W", "error", "-m", "swf_fastmon_agent.main"]
        with subprocess.Popen(command, env=self._environment) as process:
            try:
                with self.client.events(begin, namespace=self.namespace, msg_types=states) as events:
                    next(one for one in events if one.data["operational_state"] in {"READY", "PROCESSING"})
                yield process
            finally:
                process.terminate()
                process.wait(60)

    def say(self, message: Message) -> None:
        """Say something on the bus; nobody waits for an answer."""
        with self._instance.bus() as bus:
            bus.publish(message)

    def sampled(
        self, sequence: int, stream: str = MAIN_STREAM, egress_at: datetime | None = None
    ) -> tuple[set[int], set[int]]:
        """Announce an STF that left the DAQ then, or now: which frames are sampled, and which are busy."""
        path = self._maker.make(sequence, stream)
        self.client.upsert([StfFile(stf_filename=path.name, run=self.run, stream=stream, sequence=sequence)])
        self.say(ready(path, self.namespace, egress_at or now()))
        (heard,) = islice(self._events, 1)
        assert heard.data["stf_filename"] == path.name
        return self._frames(path, heard)

    @staticmethod
    def _frames(path: Path, heard: Event) -> tuple[set[int], set[int]]:
        sampling = heard.data["sampling"]
        with StfReader.open(heard.data["file_url"]) as sample, StfReader.open(path) as whole:
            taken = {tf % FRAMES for tf in sample.tf_numbers().tolist()}
            hits = whole.slots.n_hits[:, detector("femc").id]
        assert (sampling["accepted"], sampling["evaluated"]) == (len(taken), FRAMES)
        assert sampling["fraction"] == pytest.approx(len(taken) / FRAMES)
        busy = {frame for frame in range(FRAMES) if hits[frame] >= BUSY}
        assert 0 < len(busy) < FRAMES / 2
        return taken, busy

    def changes(self) -> list[Any]:
        """What is recorded of changes, oldest first."""
        said = {"run_number": self.run, "event_type": SAMPLING_CHANGED, "ordering": "timestamp"}
        return [one.event_data["change"] for one in self.client.list(SystemStateEvent, **said)]


@pytest.fixture
def commanded(instance: Instance, client: MonitorClient, run_number: int, tmp_path: Path) -> Commanded:
    return Commanded(instance, tmp_path, client, run_number)


EVERY_10TH, EVERY_4TH = set(range(0, FRAMES, 10)), set(range(0, FRAMES, 4))
BY_BOTH = {0, 36}


def test_a_stream_and_a_subsystem_are_sampled_otherwise_from_the_next_stf_on(commanded: Commanded) -> None:
    client = commanded.client
    with commanded.agent():
        taken, busy = commanded.sampled(1)
        assert taken == BY_BOTH | busy
        assert commanded.sampled(1, SIDE)[0] == EVERY_10TH
        before = now()
        change = {"streams": {SIDE: {"policies": [{"kind": "every_n", "n": 4}]}}}
        found = client.change_sampling(commanded.run, change)
        assert [one.change for one in found.changes] == [change]
        # What left the DAQ before is sampled as it was then, whenever it is announced.
        assert commanded.sampled(2, SIDE, egress_at=before)[0] == EVERY_10TH
        taken, busy = commanded.sampled(3, SIDE)
        assert taken == EVERY_4TH | busy  # what is not said of a stream is as for the others
        taken, busy = commanded.sampled(2)
        assert taken == BY_BOTH | busy
        client.change_sampling(commanded.run, {"subsystems": {}})
        assert commanded.sampled(4, SIDE)[0] == EVERY_4TH
        assert commanded.sampled(3)[0] == BY_BOTH


def test_a_command_stands_once_though_the_agent_is_killed_right_after_it(commanded: Commanded) -> None:
    client, side_alone = commanded.client, {"subsystems": dict[str, Any]()}
    command = SetSampling(
        namespace=commanded.namespace, sender="test", run_id=commanded.run, sampling=side_alone
    )
    with commanded.agent() as agent:
        commanded.sampled(1)
        commanded.say(command)
        agent.send_signal(signal.SIGKILL)  # before, while, or after it carries it out
        agent.wait(60)
    with commanded.agent():
        answered = {"seed": 7}
        # When this is answered, what was said before it is done.
        client.change_sampling(commanded.run, answered)
        assert commanded.changes() == [side_alone, answered]
        assert commanded.sampled(2)[0] == BY_BOTH
        commanded.say(command)  # delivered a second time
        reset = dict.fromkeys(("seed", "subsystems"))
        client.change_sampling(commanded.run, reset)
        assert commanded.changes() == [side_alone, answered, reset]
        taken, busy = commanded.sampled(3)
        assert taken == BY_BOTH | busy
