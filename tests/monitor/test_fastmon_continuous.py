"""The fast monitoring agent in continuous mode: real files, a real monitor, the agent as a process."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fastmon_files import FRAMES, StfMaker, ready
from monitor_instance import Instance

from swf_testbed.model.names import stf_filename
from swf_testbed.monitor_client import MonitorClient
from swf_testbed.records import FastmonFile, Run, StfFile

RUN, NAMESPACE, PARTS = 200_001, "watched", 3
TESTBED = f"""
[testbed]
namespace = "{NAMESPACE}"
[fastmon]
settle_time = 0.3
damaged_time = DAMAGED
"""
CONTINUOUS = {
    "FASTMON_MODE": "continuous",
    "FASTMON_SELECTION_FRACTION": "1",
    "FASTMON_TF_FILES_PER_STF": str(PARTS),
}


class Watched:
    """A folder that an agent watches, and what it says."""

    def __init__(self, instance: Instance, folder: Path, client: MonitorClient) -> None:
        self._instance, self.folder, self.client = instance, folder, client
        self._events = iter(
            client.events(0, namespace=NAMESPACE, msg_types=["tf_file_registered", "fastmon_status"])
        )
        self._maker = StfMaker(folder.parent / "made", RUN)

    def put_run(self, run: int) -> Path:
        """Let a complete file of another run appear."""
        return StfMaker(self.folder, run).make(1)

    def make(self, sequence: int) -> Path:
        """A complete STF file that is not in the folder."""
        return self._maker.make(sequence)

    def put(self, sequence: int) -> Path:
        """Let a complete file appear, as the DAQ does it."""
        made = self.make(sequence)
        part = self.folder / f"{made.name}.part"
        shutil.copy(made, part)
        return part.rename(self.folder / made.name)

    @contextmanager
    def agent(self, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
        environment = {**self._instance.environment, "FASTMON_WATCH": str(self.folder), **CONTINUOUS, **more}
        command = [sys.executable, "-W", "error", "-m", "swf_fastmon_agent.main"]
        with subprocess.Popen(command, env=environment) as process:
            try:
                yield process
            finally:
                process.terminate()
                process.wait(30)

    def announce(self, path: Path) -> None:
        """What the data agent says of a file."""
        with self._instance.bus() as bus:
            bus.publish(ready(path, NAMESPACE))

    def hear(self, count: int) -> list[dict[str, Any]]:
        """The next messages of the agent."""
        return [event.data for event in islice(self._events, count)]

    def hear_samples(self, sequence: int) -> list[dict[str, Any]]:
        """The next messages: all samples of this file, and nothing else."""
        heard = self.hear(PARTS)
        assert [one.get("stf_filename") for one in heard] == [stf_filename(RUN, sequence)] * PARTS, heard
        return heard

    def state(self, name: str) -> Any:
        return self.client.get(StfFile, name).metadata.get("taken_up")


@pytest.fixture
def watched(
    make_instance: Callable[..., Instance], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    damaged_s = getattr(request, "param", "60.0")
    (tmp_path / "testbed.toml").write_text(TESTBED.replace("DAMAGED", damaged_s))
    folder = tmp_path / "buffer"
    folder.mkdir()
    one = make_instance()
    with ExitStack() as stack:
        stack.enter_context(one.serving())
        stack.enter_context(one.taking_in())
        yield Watched(one, folder, stack.enter_context(one.client()))


def test_files_are_taken_up_when_complete_each_once_also_over_a_kill(watched: Watched) -> None:
    client = watched.client
    watched.put(1)
    with watched.agent() as agent:
        samples = watched.hear_samples(1)
        assert [one["tf_filename"][-10:] for one in samples] == ["_tf_001.tf", "_tf_002.tf", "_tf_003.tf"]
        assert sum(one["tf_count"] for one in samples) == FRAMES
        assert all(Path(one["file_url"].removeprefix("file://")).is_file() for one in samples)
        assert client.get(Run, RUN).namespace == NAMESPACE
        stored = client.get(StfFile, stf_filename(RUN, 1))
        assert (stored.tf_count, stored.daq_state, stored.sequence) == (60, "run", 1)
        assert client.page(FastmonFile, stf_file=stored.stf_filename).total == PARTS
        # One that somebody still writes: others pass it.
        slow, whole = watched.folder / stf_filename(RUN, 2), watched.make(2).read_bytes()
        slow.write_bytes(whole[: len(whole) // 2])
        watched.put(3)
        watched.hear_samples(3)
        assert client.page(StfFile, run=RUN, sequence=2).total == 0
        with slow.open("ab") as file:
            file.write(whole[len(whole) // 2 :])
        watched.hear_samples(2)
        # The same file elsewhere, under another name, and once more under its own.
        (watched.folder / "copies").mkdir()
        first = watched.folder / stf_filename(RUN, 1)
        shutil.copy(first, watched.folder / "copies" / first.name)
        shutil.copy(first, watched.folder / "renamed.stf")
        first.touch()
        watched.put(4)
        watched.hear_samples(4)
        # Announced too late: its samples are there.
        watched.announce(watched.folder / stf_filename(RUN, 3))
        agent.send_signal(signal.SIGKILL)
        agent.wait(30)
    # As if it had been killed between registering and sampling; and one that came meanwhile.
    name = stf_filename(RUN, 4)
    client.upsert([StfFile(stf_filename=name, metadata={"taken_up": "registered"})])
    watched.put(5)
    with watched.agent():
        watched.hear_samples(5)
        # A change counts for what is complete after it.
        assert client.change_sampling(RUN, {"selection_fraction": 0.5}).sampling["selection_fraction"] == 0.5
        watched.put(7)
        heard = watched.hear_samples(7)
        assert [one["sampling"]["accepted"] for one in heard] == [FRAMES // 2] * PARTS
        assert {one["sampling"]["evaluated"] for one in heard} == {FRAMES}
        assert watched.state(name) == "sampled"
    assert client.page(StfFile, run=RUN).total == 6


def test_what_is_announced_is_left_to_the_announcement_and_a_part_is_selected(watched: Watched) -> None:
    client = watched.client
    announced = watched.make(1)
    client.upsert([StfFile(stf_filename=announced.name, run=RUN, sequence=1)])
    shutil.copy(announced, watched.folder)
    for sequence in (2, 3, 4):
        watched.put(sequence)
    with watched.agent(FASTMON_SELECTION_FRACTION="0.5"):
        heard = watched.hear_samples(3)
        assert sum(one["tf_count"] for one in heard) == FRAMES // 2
        watched.announce(announced)
        watched.hear_samples(1)
    states = [watched.state(stf_filename(RUN, sequence)) for sequence in (1, 2, 3, 4)]
    assert states[:3] == [None, "not_selected", "sampled"]


@pytest.mark.parametrize("watched", ["0.5"], indirect=True)
def test_damage_is_told_and_does_not_stop_the_agent(watched: Watched) -> None:
    whole = watched.make(1).read_bytes()
    (watched.folder / "a_cut.stf").write_bytes(whole[:-100])
    (watched.folder / "b_noise.stf").write_bytes(b"\xff\x00" * 5000)
    (watched.folder / "c_empty.stf").touch()
    (watched.folder / "d bad name.stf").write_bytes(whole)
    no_such_run = watched.put_run(2**40).name
    watched.client.ensure(Run(run_number=RUN + 1, namespace="elsewhere"))
    of_others = watched.put_run(RUN + 1).name
    expected = ["a_cut.stf", "b_noise.stf", "c_empty.stf", "d bad name.stf", no_such_run, of_others]
    with watched.agent():
        told = dict(one["message"].split(": ", 1) for one in watched.hear(len(expected)))
        assert sorted(told) == sorted(expected)
        assert f"run_number = {2**40}: Input should be less than or equal to" in told[no_such_run]
        watched.put(2)
        watched.hear_samples(2)
    assert watched.client.page(StfFile, run=RUN).total == 1


@pytest.mark.parametrize(
    ("environment", "toml", "named"),
    [
        ({"FASTMON_MODE": "psychic"}, "", "FASTMON_MODE"),
        ({"FASTMON_TF_FILES_PER_STF": "0"}, "", "FASTMON_TF_FILES_PER_STF"),
        ({"FASTMON_MODE": "continuous", "FASTMON_WATCH": "/no/such/folder"}, "", "fastmon.watch"),
        ({}, "[fastmon]\nselection_fraction = 0.0\n", "fastmon.selection_fraction"),
        ({}, "[[fastmon.policies]]\nkind = 'psychic'\n", "fastmon.policies"),
    ],
)
def test_a_wrong_value_is_refused_by_name_at_start(
    make_instance: Callable[..., Instance], tmp_path: Path, environment: dict[str, str], toml: str, named: str
) -> None:
    (tmp_path / "testbed.toml").write_text('[testbed]\nnamespace = "n"\n' + toml)
    done = subprocess.run(
        [sys.executable, "-m", "swf_fastmon_agent.main"],
        env={**make_instance().environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
