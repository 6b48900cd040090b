"""Recorded STF files, played again: with this run's numbers and times, or as they are; from disk or web."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.announce import announcement_of
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.plan import plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.daq.stf_store import StfSlot, WrittenStf
from swf_testbed.messages import EndRun, Message, StfGen
from swf_testbed.model import states
from swf_testbed.model.detectors import BC_PER_TF
from swf_testbed.model.errors import BadInput, NotFound
from swf_testbed.model.names import StfName
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.layout import HEADER_BYTES
from swf_testbed.stf.reader import StfReader
from swf_testbed.stf.verify import verify

OLD, NEW = 100_010, 100_222
THEN_NS, NOW_NS = 1_900_000_000_000_000_000, 2_000_000_000_123_456_000
FRAMES = 12


def slot(run: int, sequence: int, t0_ns: int, stream: str = "main") -> StfSlot:
    return StfSlot(StfName(run, sequence, stream), states.PHYSICS, t0_ns, 0.0)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three files of an earlier run, and one that is none of ours."""
    folder = tmp_path_factory.mktemp("recorded")
    buffer = ExitBuffer(folder, OLD, Simulation(tf_per_stf=FRAMES))
    for sequence in (1, 2, 3):
        buffer.write(slot(OLD, sequence, THEN_NS + sequence * 10**9))
    (folder / "readme.txt").write_text("not to be played")
    return folder


def play(folder: Path, recorded: str, count: int = 1, **more: Any) -> list[WrittenStf]:
    said = {"source": "play", "recorded": recorded, "tf_per_stf": FRAMES, **more}
    buffer = ExitBuffer(folder, NEW, Simulation.model_validate(said))
    written = [buffer.write(slot(NEW, number, NOW_NS + number * 10**9)) for number in range(1, count + 1)]
    assert buffer.count() == count
    return [one for one in written if one is not None]


def hits(path: Path) -> list[list[bytes]]:
    with StfReader.open(path) as reader:
        return [[bank.hits.tobytes() for bank in frame.banks] for frame in reader.read_frames()]


def test_a_played_file_is_of_this_run_with_the_hits_of_that_one(tmp_path: Path, recorded: Path) -> None:
    second = play(tmp_path, str(recorded), 2)[1]
    path = tmp_path / second.filename
    assert second.filename == "swf.100222.000002.stf"
    assert verify(path).ok
    with StfReader.open(path) as reader:
        header, frames = reader.header, list(reader.read_frames())
    assert (header.run, header.sequence, header.first_tf) == (NEW, 2, FRAMES)
    assert header.t0_ns == NOW_NS + 2 * 10**9
    assert [frame.tf for frame in frames] == list(range(FRAMES, 2 * FRAMES))
    assert [frame.bc0 for frame in frames] == [frame.tf * BC_PER_TF for frame in frames]
    assert {frame.run for frame in frames} == {NEW}
    assert frames[0].t_ns == header.t0_ns
    original = recorded / "swf.100010.000002.stf"
    assert hits(path) == hits(original)
    with StfReader.open(original) as reader:
        then = [frame.t_ns for frame in reader.read_frames()]
    assert [frame.t_ns - frames[0].t_ns for frame in frames] == [t_ns - then[0] for t_ns in then]


def test_files_as_they_are_are_copied_byte_for_byte_under_this_run_s_name(
    tmp_path: Path, recorded: Path
) -> None:
    (copied,) = play(tmp_path, str(recorded), restamp=False)
    path = tmp_path / "swf.100222.000001.stf"
    assert copied.file_url == path.as_uri()
    assert path.read_bytes() == (recorded / "swf.100010.000001.stf").read_bytes()
    said = announcement_of(path, namespace="test", sender="me", execution_id=None)
    assert (said.run_id, said.sequence, said.stream) == (NEW, 1, "main")
    assert (said.size_bytes, said.checksum) == (copied.size_bytes, copied.checksum)


def test_a_recording_begins_again_when_it_is_used_up(tmp_path: Path, recorded: Path) -> None:
    play(tmp_path, str(recorded), 5)
    assert hits(tmp_path / "swf.100222.000005.stf") == hits(recorded / "swf.100010.000002.stf")
    with StfReader.open(tmp_path / "swf.100222.000005.stf") as reader:
        assert reader.tf_numbers().tolist() == list(range(4 * FRAMES, 5 * FRAMES))


def test_frames_are_never_numbered_twice_however_long_the_recorded_files_are(
    tmp_path: Path, recorded: Path
) -> None:
    play(tmp_path, str(recorded), 3, tf_per_stf=5)
    numbers = []
    for sequence in (1, 2, 3):
        with StfReader.open(tmp_path / str(StfName(NEW, sequence))) as reader:
            numbers += reader.tf_numbers().tolist()
    assert numbers == list(range(3 * FRAMES))


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_web_server_s_folder_and_file_are_played(tmp_path: Path, recorded: Path) -> None:
    with web_server(recorded) as url:
        play(tmp_path / "folder", url, 3)
        play(tmp_path / "file", f"{url}swf.100010.000003.stf")
        with pytest.raises(NotFound, match="there is no such folder"):
            play(tmp_path / "none", f"{url}elsewhere/")
    play(tmp_path / "disk", str(recorded), 3)
    for sequence in (1, 2, 3):
        name = str(StfName(NEW, sequence))
        assert (tmp_path / "folder" / name).read_bytes() == (tmp_path / "disk" / name).read_bytes()
    assert hits(tmp_path / "file" / str(StfName(NEW, 1))) == hits(recorded / "swf.100010.000003.stf")


@pytest.mark.parametrize("where", ["/nowhere/at/all", "file:///nowhere/"])
def test_nothing_to_play_is_said_before_the_run(tmp_path: Path, where: str) -> None:
    with pytest.raises(BadInput, match=r"simulation\.recorded = .*there is no STF file to play"):
        play(tmp_path / "run", where)
    assert not (tmp_path / "run").exists()


def test_damage_of_a_recording_is_not_made_good(tmp_path: Path, recorded: Path) -> None:
    """A spoilt payload is as spoilt as before; a frame with a spoilt header is left out, not blessed."""
    hurt = tmp_path / "hurt" / "swf.100010.000001.stf"
    hurt.parent.mkdir()
    data = bytearray((recorded / hurt.name).read_bytes())
    with StfReader.open(recorded / hurt.name) as reader:
        starts, sizes = reader.index.offset.tolist(), reader.index.block_size.tolist()
    data[starts[3] + sizes[3] - 8] ^= 0xFF  # the last hit of frame 3
    data[starts[5] + HEADER_BYTES // 2] ^= 0xFF  # the header of frame 5
    hurt.write_bytes(data)
    (written,) = play(tmp_path / "run", str(hurt.parent))
    found: list[CrcError] = []
    with StfReader.open(tmp_path / "run" / written.filename) as reader:
        list(reader.read_frames(on_bad=found.append))
        assert reader.tf_numbers().tolist() == [tf for tf in range(FRAMES) if tf != 5]
    assert {error.frame for error in found} == {3}


def test_a_stream_plays_what_was_recorded_of_it(tmp_path: Path, recorded: Path) -> None:
    both = tmp_path / "both"
    both.mkdir()
    main, side = StfName(OLD, 1), StfName(OLD, 1, "luminosity")
    (both / str(main)).write_bytes((recorded / str(main)).read_bytes())
    (both / str(side)).write_bytes((recorded / str(StfName(OLD, 3))).read_bytes())
    said = {
        "source": "play",
        "recorded": str(both),
        "tf_per_stf": FRAMES,
        "streams": [{"name": "luminosity"}],
    }
    buffer = ExitBuffer(tmp_path / "run", NEW, Simulation.model_validate(said))
    for stream, original in (("main", main), ("luminosity", side)):
        for sequence in (1, 2):
            written = buffer.write(slot(NEW, sequence, NOW_NS, stream))
            assert written is not None
            assert hits(tmp_path / "run" / written.filename) == hits(both / str(original))
    with StfReader.open(tmp_path / "run" / str(StfName(NEW, 1, "luminosity"))) as reader:
        assert reader.header.stream == "luminosity"


def test_streams_and_names_alone(tmp_path: Path, recorded: Path) -> None:
    """Two streams play the same recording, each by itself; announced files are counted and not there."""
    for source, on_disk in (("play", 3), ("announce", 0)):
        said: list[Message] = []
        parameters = Parameters.model_validate(
            {
                "daq_state_machine": {"stf_count": 2, "physics_period_count": 1},
                "simulation": {
                    "source": source,
                    "recorded": str(recorded),
                    "tf_per_stf": FRAMES,
                    "streams": [{"name": "luminosity", "stf_interval": 4.0}],
                },
            }
        )
        folder = tmp_path / source
        buffer = ExitBuffer(folder, NEW, parameters.simulation)
        identity = RunIdentity("test", "me", "mine-alice-0001", NEW)
        simulator = DaqSimulator(identity, parameters, buffer, said.append, DaqEnvironment(paced=False))
        assert simulator.run(simulator.walk(plan(parameters))) == "completed"
        files = {message.filename: message for message in said if isinstance(message, StfGen)}
        assert sorted(files) == [
            "swf.100222.000001.stf",
            "swf.100222.000002.stf",
            "swf.100222.luminosity.000001.stf",
        ]
        (end,) = [message for message in said if isinstance(message, EndRun)]
        assert end.total_stf_files == 3
        assert len(list(folder.glob("*.stf"))) == on_disk
        side = files["swf.100222.luminosity.000001.stf"]
        assert (side.stream, side.sequence, side.tf_count) == ("luminosity", 1, FRAMES)
