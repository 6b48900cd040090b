"""The exit buffer: real files, readable, faulty as asked for, and the same again when made again."""

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swf_testbed.config.datataking import DaqStateMachine
from swf_testbed.config.parameters import Parameters
from swf_testbed.config.simulation import Simulation
from swf_testbed.daq.announce import announcement_of
from swf_testbed.daq.environment import DaqEnvironment
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.plan import plan
from swf_testbed.daq.simulator import DaqSimulator, RunIdentity
from swf_testbed.daq.stf_store import StfSlot
from swf_testbed.messages import Message, PauseRun, StfGen
from swf_testbed.model import states
from swf_testbed.model.detectors import BC_PER_TF, TF_NS, detector, detectors
from swf_testbed.model.errors import BadData, BadInput
from swf_testbed.model.names import StfName
from swf_testbed.stf.documents import file_checksum
from swf_testbed.stf.errors import CrcError
from swf_testbed.stf.layout import FileFlags
from swf_testbed.stf.reader import StfReader

RUN = 100_010
T0_NS = 1_900_000_000_123_456_000
FRAMES = 40


def simulation(anomalies: Sequence[dict[str, Any]] = (), **more: Any) -> Simulation:
    return Simulation.model_validate({"tf_per_stf": FRAMES, "anomalies": list(anomalies), **more})


def slot(sequence: int, stream: str = "main") -> StfSlot:
    return StfSlot(StfName(RUN, sequence, stream), states.PHYSICS, T0_NS, 0.0)


def write(folder: Path, sequence: int = 1, anomalies: Sequence[dict[str, Any]] = (), **more: Any) -> Path:
    buffer = ExitBuffer(folder, RUN, simulation(anomalies, **more))
    written = buffer.write(slot(sequence))
    assert written is not None
    return folder / written.filename


def test_a_file_is_what_is_announced(tmp_path: Path) -> None:
    buffer = ExitBuffer(tmp_path / "run", RUN, simulation())
    written = buffer.write(slot(2))
    assert written is not None
    path = tmp_path / "run" / "swf.100010.000002.stf"
    assert written.filename == path.name
    assert written.file_url == path.as_uri()
    assert written.size_bytes == path.stat().st_size
    assert written.checksum == file_checksum(path)
    assert (written.tf_first, written.tf_count) == (FRAMES, FRAMES)
    assert buffer.count() == 1
    assert list((tmp_path / "run").iterdir()) == [path]


def test_every_frame_and_every_subsystem_can_be_read(tmp_path: Path) -> None:
    with StfReader.open(write(tmp_path, 3)) as reader:
        header, frames, slots = reader.header, list(reader.read_frames()), reader.slots
    assert (header.run, header.sequence, header.first_tf, header.t0_ns) == (RUN, 3, 2 * FRAMES, T0_NS)
    assert (header.state, header.substate, header.flags) == ("run", "physics", FileFlags.NONE)
    assert [listed.name for listed in header.detectors] == [one.name for one in detectors()]
    assert [frame.tf for frame in frames] == list(range(2 * FRAMES, 3 * FRAMES))
    assert all(frame.bc0 == frame.tf * BC_PER_TF for frame in frames)
    assert [frame.t_ns for frame in frames] == [T0_NS + int(row * TF_NS) for row in range(FRAMES)]
    assert np.array_equal(slots.n_hits, [[bank.n_hits for bank in frame.banks] for frame in frames])
    assert slots.n_hits.sum() > 1000


def test_the_same_run_is_made_again_bit_for_bit(tmp_path: Path) -> None:
    faults = [{"kind": "corrupted_bank", "detector": "drich", "fraction": 0.3}]
    one, again = (write(tmp_path / name, anomalies=faults) for name in ("one", "again"))
    assert one.read_bytes() == again.read_bytes()
    assert one.read_bytes() != write(tmp_path / "other", anomalies=faults, seed=2).read_bytes()


def test_recycled_content_says_so(tmp_path: Path) -> None:
    with StfReader.open(write(tmp_path, recycle_frames=8)) as reader:
        assert reader.header.flags == FileFlags.RECYCLED
        assert len(list(reader.read_frames())) == FRAMES


def test_a_corrupted_bank_is_found_in_its_frame_and_subsystem_and_nowhere_else(tmp_path: Path) -> None:
    wrong = detector("drich").id
    window = {"first_tf": 10, "last_tf": 19}
    path = write(tmp_path, anomalies=[{"kind": "corrupted_bank", "detector": "drich", **window}])
    found: list[CrcError] = []
    with StfReader.open(path) as reader:
        good = list(reader.read_frames(on_bad=found.append))
        expected = reader.slots.n_hits[10:20, wrong]
    assert {(error.frame, error.detector) for error in found} == {
        (10 + row, wrong) for row in np.flatnonzero(expected).tolist()
    }
    assert len(found) >= 5
    assert len(good) == FRAMES
    with StfReader.open(path) as reader, pytest.raises(BadData):
        list(reader.read_frames())


def test_a_missing_bank_is_missing_in_its_frames_and_nothing_else_changes(tmp_path: Path) -> None:
    gone = detector("btof").id
    fault = {"kind": "missing_bank", "detector": "btof", "first_tf": 5, "last_tf": 6}
    paths = write(tmp_path / "one", anomalies=[fault]), write(tmp_path / "other")
    with StfReader.open(paths[0]) as hurt, StfReader.open(paths[1]) as whole:
        without = {frame.tf: [bank.detector for bank in frame.banks] for frame in hurt.read_frames()}
        rest = [row for row in range(FRAMES) if row not in {5, 6}]
        assert hurt.read_blocks(rest) == whole.read_blocks(rest)
    ids = [one.id for one in detectors()]
    assert {tf for tf, banks in without.items() if banks != ids} == {5, 6}
    assert without[5] == without[6] == [one for one in ids if one != gone]


def test_first_and_last_frames_may_be_struck(tmp_path: Path) -> None:
    faults = [
        {"kind": "missing_bank", "detector": "btof", "first_tf": edge, "last_tf": edge}
        for edge in (0, FRAMES - 1)
    ]
    with StfReader.open(write(tmp_path, anomalies=faults)) as reader:
        banks = [len(frame.banks) for frame in reader.read_frames()]
    assert banks == [15, *[16] * (FRAMES - 2), 15]


def test_a_swallowed_stf_leaves_nothing(tmp_path: Path) -> None:
    buffer = ExitBuffer(tmp_path, RUN, simulation([{"kind": "missing_stf", "sequences": [1]}]))
    assert buffer.write(slot(1)) is None
    assert buffer.count() == 0
    assert buffer.write(slot(2)) is not None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"beam": "5x41"}, "beam = '5x41': must be one of 18x275, 10x100"),
        ({"anomalies": [{"kind": "gremlin"}]}, r"simulation.anomalies\[0\] = .*gremlin"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_written(
    tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        ExitBuffer(tmp_path / "run", RUN, simulation(**more))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("interval", [2.0, 0.01])
def test_an_announcement_made_from_the_file_is_the_one_the_daq_said(tmp_path: Path, interval: float) -> None:
    said: list[Message] = []
    identity = RunIdentity("test", "me", "mine-alice-0001", RUN)
    parameters = Parameters(
        daq_state_machine=DaqStateMachine(stf_count=2, stf_interval=interval), simulation=simulation()
    )
    buffer = ExitBuffer(tmp_path, RUN, parameters.simulation)
    simulator = DaqSimulator(identity, parameters, buffer, said.append, DaqEnvironment(paced=False))
    simulator.run(simulator.walk(plan(parameters)))
    for original in [message for message in said if isinstance(message, StfGen)]:
        again = announcement_of(
            tmp_path / original.filename, namespace="test", sender="me", execution_id="mine-alice-0001"
        )
        alike = {"timestamp", "simulation_tick"}
        assert again.message_id == original.message_id
        assert again.model_dump(exclude=alike) == original.model_dump(exclude=alike)


def test_no_announcement_of_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "swf.100010.000001.stf"
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(BadData):
        announcement_of(path, namespace="test", sender="me", execution_id=None)


def test_a_disk_without_room_holds_the_run_up_and_no_half_file_looks_whole(tmp_path: Path) -> None:
    taking = DaqStateMachine(stf_count=4, physics_period_count=1)
    parameters = Parameters(daq_state_machine=taking, simulation=simulation())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    said: list[Message] = []
    found_when_full: list[list[str]] = []

    def say(message: Message) -> None:
        said.append(message)
        if isinstance(message, StfGen) and message.sequence == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (message.size_bytes // 2, before[1]))
        if isinstance(message, PauseRun):
            found_when_full.append(sorted(path.name for path in tmp_path.iterdir()))
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    daq = DaqSimulator(
        RunIdentity("test", "daq", "mine-alice-0001", RUN),
        parameters,
        ExitBuffer(tmp_path, RUN, parameters.simulation),
        say,
        DaqEnvironment(paced=False),
    )
    try:
        assert daq.run(daq.walk(plan(parameters))) == "completed"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    files = [str(StfName(RUN, number, "main")) for number in range(1, 5)]
    assert found_when_full == [files[:2]]
    [pause] = [message for message in said if isinstance(message, PauseRun)]
    assert "the exit buffer is full" in (pause.reason or "")
    assert [message.filename for message in said if isinstance(message, StfGen)] == files
    for message in said:
        if isinstance(message, StfGen):
            assert file_checksum(tmp_path / message.filename) == message.checksum
            with StfReader.open(tmp_path / message.filename) as reader:
                assert len(reader.index.tf) == FRAMES
