"""A monitor behind a real broker and intake, and a DAQ that tells it of a run as the real one does."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_monitor import SERVER, Monitor, serving

from swf_testbed.broker.testing import RunningBroker
from swf_testbed.bus import StompBus, Subscription, open_bus
from swf_testbed.config.environment import load_settings
from swf_testbed.messages import (
    EndRun,
    HistogramsUpdated,
    PauseRun,
    ResumeRun,
    RunImminent,
    StartRun,
    StfReady,
)
from swf_testbed.messages.lifecycle import Lifecycle
from swf_testbed.model import destinations
from swf_testbed.model.clock import iso, now
from swf_testbed.model.names import derived_id
from swf_testbed.model.states import State, Substate

_PHYSICS = {"state": State.RUN, "substate": Substate.PHYSICS}
_STEPS: dict[type[Lifecycle], dict[str, Any]] = {
    RunImminent: {"dataset": "swf.test"},
    StartRun: {},
    PauseRun: {"state": State.RUN, "substate": Substate.STANDBY},
    ResumeRun: {},
    EndRun: {"state": State.BEAM, "substate": Substate.NOT_READY, "total_stf_files": 2},
}


@dataclass
class Daq:
    """Tells of one run."""

    bus: StompBus
    monitor: Monitor
    run_number: int
    execution_id: str
    tick: float = 0.0

    def say(self, step: type[Lifecycle]) -> None:
        """A change of the run's state."""
        self.tick += 1.0
        self.bus.publish(step(**self._envelope(), simulation_tick=self.tick, **_STEPS[step]))

    def take_stf(self, sequence: int) -> None:
        """An STF that is registered, sampled and sliced, and of which all know."""
        self.monitor.add_stf(self.run_number, sequence)
        name = f"swf.{self.run_number}.{sequence:06d}.stf"
        told = {
            "filename": name,
            "sequence": sequence,
            "file_url": f"file:///{name}",
            "checksum": "ad:00000001",
        }
        taken = {"size_bytes": 10_000_000, "tf_first": 0, "tf_count": 1000, "start": now(), "end": now()}
        said = {**self._envelope(), **_PHYSICS, "simulation_tick": self.tick, **told, **taken}
        self.bus.publish(StfReady(**said, file_id=derived_id("stf-file", name)))

    def plot(self, sequence: int) -> None:
        """All slices of an STF are processed, and in the plots."""
        sample = f"swf.{self.run_number}.{sequence:06d}_tf_001.tf"
        done = [
            {"fastmon_file": sample, "slice_id": number, "status": "completed", "processed_at": iso(now())}
            for number in range(2)
        ]
        self.monitor.add_counts(self.run_number, 20_000 * sequence, slices=done)
        revision = self.monitor.revision[self.run_number]
        told = {"revision": revision, "slices": 2 * sequence, "tfs": 8 * sequence, "latency_s": 1.0}
        self.bus.publish(HistogramsUpdated(**self._envelope(), **told, products={"drich": ["adc"]}))

    def _envelope(self) -> dict[str, Any]:
        return {
            "namespace": "t",
            "sender": "daq-simulator-t-1",
            "run_id": self.run_number,
            "execution_id": self.execution_id,
        }


@contextmanager
def on_the_bus(folder: Path, program: tuple[str, ...] = SERVER) -> Iterator[tuple[Monitor, StompBus]]:
    """A monitor with its intake, and a bus to tell it something on."""
    home = folder / "home"
    home.mkdir()
    with RunningBroker(folder / "broker") as broker:
        port = {"ACTIVEMQ_PORT": str(broker.port)}
        with serving(home, program, **port) as monitor:
            environment = os.environ | {"SWF_HOME": str(home)} | port
            with open_bus(load_settings(environment)) as bus, _taking_in(bus, environment):
                yield monitor, bus


@contextmanager
def _taking_in(bus: StompBus, environment: dict[str, str]) -> Iterator[None]:
    heard = bus.subscribe(Subscription(destinations.STORED))
    intake = subprocess.Popen([sys.executable, "-m", "swf_testbed.monitor", "intake"], env=environment)
    try:
        assert heard.take(timeout_s=60), "the intake did not begin"
        heard.close()
        yield
    finally:
        intake.send_signal(signal.SIGTERM)
        intake.wait(15)
