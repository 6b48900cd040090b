"""STF files for the fast monitoring agent, and their announcements."""

from datetime import datetime
from pathlib import Path
from typing import Any

from swf_testbed.config.simulation import SideStream, Simulation
from swf_testbed.daq.announce import announcement_of
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.messages import StfReady
from swf_testbed.model.clock import now_ns
from swf_testbed.model.names import MAIN_STREAM, StfName, derived_id
from swf_testbed.model.states import PHYSICS

FRAMES = 60


class StfMaker:
    """Writes STF files of a run as the DAQ does, small ones, of the main stream and those beside it."""

    def __init__(self, folder: Path, run: int, *side_streams: str) -> None:
        self._folder, self._run = folder, run
        streams = tuple(SideStream(name=name) for name in side_streams)
        self._buffer = ExitBuffer(folder, run, Simulation(tf_per_stf=FRAMES, scale=0.001, streams=streams))

    def make(self, sequence: int, stream: str = MAIN_STREAM) -> Path:
        """One complete file."""
        name = StfName(self._run, sequence, stream)
        assert self._buffer.write(StfSlot(name, PHYSICS, now_ns(), 0.0)) is not None
        return self._folder / str(name)


def ready(path: Path, namespace: str, egress_at: datetime | None = None, **said: Any) -> StfReady:
    """What the data agent says of a file."""
    found = announcement_of(path, namespace=namespace, sender="data-agent-t-1", execution_id=None)
    own = {"msg_type", "message_id", "schema_version"}
    file_id = derived_id("stf-file", namespace, path.name)
    return StfReady(**{**found.model_dump(exclude=own), "egress_at": egress_at, "file_id": file_id, **said})
