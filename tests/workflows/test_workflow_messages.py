"""What a run says: the same as ever, and the same whether it is paced or not."""

import json
import time
from pathlib import Path
from typing import Any

import golden_messages
import pytest
from golden_messages import COMMAND, FOLDER, REMEDY, code_of, kept_versions, messages_of, shipped_names

from swf_testbed.config.environment import load_settings
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.simulator import RunIdentity
from swf_testbed.messages import Message
from swf_testbed.messages.codec import encode
from swf_testbed.workflows.environment import WorkflowEnvironment
from swf_testbed.workflows.new import new_workflow
from swf_testbed.workflows.preparation import prepare

NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def test_every_shipped_configuration_has_its_messages(tmp_path: Path) -> None:
    assert shipped_names(tmp_path) == NAMES, f"run `{COMMAND}` and commit the result"


def test_code_that_changes_gets_a_new_version(tmp_path: Path) -> None:
    """Else nobody who has run it before could run it again."""
    kept = kept_versions()
    for label, digest in (code_of(name, tmp_path) for name in NAMES):
        assert kept.get(label) == digest, f"{label} has changed: {REMEDY}, then run `{COMMAND}`"


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_configuration_says_what_it_always_said(name: str, tmp_path: Path) -> None:
    """Byte for byte, file sizes and checksums among it."""
    before = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()
    now = messages_of(name, tmp_path).splitlines()
    for number, (old, new) in enumerate(zip(before, now, strict=False), 1):
        assert new == old, f"message {number} of {name} is another; if it should be, run `{COMMAND}`"
    assert len(now) == len(before), f"{name} says more or less than it did; if it should, run `{COMMAND}`"


def test_messages_of_fast_mode_are_in_the_order_of_simulated_time() -> None:
    for name in NAMES:
        said = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_bytes().splitlines()]
        stamps = [(one["timestamp"], one["simulation_tick"]) for one in said]
        assert stamps == sorted(stamps)
        assert len({one["message_id"] for one in said}) == len(said)


QUICK: dict[str, Any] = {
    "daq_state_machine.no_beam_not_ready_delay": 0.05,
    "daq_state_machine.broadcast_delay": 0.05,
    "daq_state_machine.beam_not_ready_delay": 0.05,
    "daq_state_machine.beam_ready_delay": 0.05,
    "daq_state_machine.beam_not_ready_end_delay": 0.05,
    "daq_state_machine.stf_interval": 0.2,
    "daq_state_machine.stf_generation_time": 0.01,
    "daq_state_machine.standby_duration": 0.1,
    "daq_state_machine.stf_count": 4,
    "simulation.tf_per_stf": 2,
}
OF_TIME = ("timestamp", "start", "end", "checksum")
"""The file says when it was taken, so that its checksum is another at another time."""


def take(
    workflow: str, home: Path, buffer: str, *, paced: bool
) -> tuple[list[Message], "WorkflowEnvironment[Any]"]:
    prepared = prepare(workflow, load_settings({"SWF_HOME": str(home)}), overrides=QUICK)
    said: list[Message] = []
    run = golden_messages.RUN
    environment: WorkflowEnvironment[Any] = WorkflowEnvironment(
        RunIdentity("test", "me", "mine-me-0001", run),
        prepared.parameters,
        prepared.options,
        ExitBuffer(home / buffer, run, prepared.parameters.simulation),
        said.append,
        golden_messages.no_more_runs,
        paced=paced,
    )
    assert environment.carry_out(prepared.code.execute) == "completed"
    return said, environment


def timeless(message: Message, buffer: str) -> dict[str, Any]:
    document = json.loads(encode(message).replace(buffer.encode(), b"buffer"))
    return {name: value for name, value in document.items() if name not in OF_TIME}


@pytest.mark.parametrize("workflow", ["stf_processing", "mine"])
def test_paced_and_fast_say_the_same_but_for_times(workflow: str, tmp_path: Path) -> None:
    new_workflow("mine", tmp_path / "workflows")
    toml = tmp_path / "workflows" / "mine.toml"
    toml.write_text(toml.read_text().replace("pause = 5.0", "pause = 0.2"))
    fast, _ = take(workflow, tmp_path, "buffer-of-fast", paced=False)
    began = time.monotonic()
    paced, environment = take(workflow, tmp_path, "buffer-of-paced", paced=True)
    assert time.monotonic() - began >= environment.now
    assert [timeless(one, "buffer-of-fast") for one in fast] == [
        timeless(one, "buffer-of-paced") for one in paced
    ]
    assert any(message.msg_type == "pause_run" for message in fast)
