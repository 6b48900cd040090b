"""The messages of every shipped configuration, as they were when somebody last looked.

    python tests/workflows/golden_messages.py

writes them anew: look at what has changed with `git diff`, and commit it with the change that made it so.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from swf_testbed.config.catalogue import workflow_names
from swf_testbed.config.environment import load_settings
from swf_testbed.daq.files import ExitBuffer
from swf_testbed.daq.simulator import RunIdentity
from swf_testbed.daq.stf_store import StfStore
from swf_testbed.messages import Message
from swf_testbed.messages.codec import encode
from swf_testbed.workflows.environment import WorkflowEnvironment, WorkflowOptions
from swf_testbed.workflows.preparation import prepare

FOLDER = Path(__file__).parent / "golden"
COMMAND = "python tests/workflows/golden_messages.py"
VERSIONS = "versions.txt"
REMEDY = "raise version in every file of config/shipped/ that names the workflow"
RUN = 100_010
FRAMES = 20
"""A frame of 13.3 ms in place of 0.665 s: the files are small, what is said of them is not."""

_BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
_PLACE = b"file:///exit-buffer"


class _FixedTime(WorkflowEnvironment[WorkflowOptions]):
    """Begins at the same moment every time."""

    def stamp(self) -> datetime:
        return _BEGINS + timedelta(seconds=self.now)


def shipped_names(home: Path) -> list[str]:
    """Every configuration that comes with the testbed."""
    return workflow_names(home)


def messages_of(name: str, home: Path) -> bytes:
    """What the DAQ says in a run of a configuration, a line a message; the seed is the configuration's."""
    prepared = prepare(
        name, load_settings({"SWF_HOME": str(home)}), overrides={"simulation.tf_per_stf": FRAMES}
    )
    said: list[Message] = []
    buffer = home / "exit-buffer"
    environment = _FixedTime(
        RunIdentity(
            "golden", "workflow_runner-agent-golden-1", f"{prepared.code.path.stem}-golden-0001", RUN
        ),
        prepared.parameters,
        prepared.options,
        ExitBuffer(buffer / str(RUN), RUN, prepared.parameters.simulation),
        said.append,
        no_more_runs,
        paced=False,
    )
    environment.carry_out(prepared.code.execute)
    lines = b"".join(encode(message) + b"\n" for message in said)
    return lines.replace(buffer.absolute().as_uri().encode(), _PLACE)


def code_of(name: str, home: Path) -> tuple[str, str]:
    """The code of a configuration: `<workflow>/<version>`, and its digest."""
    prepared = prepare(name, load_settings({"SWF_HOME": str(home)}))
    workflow = prepared.configuration.workflow
    return f"{workflow.name}/{workflow.version}", sha256(prepared.code.text.encode()).hexdigest()


def no_more_runs() -> tuple[int, StfStore]:
    """In place of the runner's way to the number of a next run."""
    raise AssertionError("a shipped configuration takes one run")


def kept_versions() -> dict[str, str]:
    """The digest of every version of shipped code that there ever was."""
    path = FOLDER / VERSIONS
    lines = path.read_text().splitlines() if path.exists() else []
    return {label: digest for label, _, digest in (line.partition(" ") for line in lines)}


def main() -> int:
    """Write them all; a version that has other code than it had is not written."""
    FOLDER.mkdir(exist_ok=True)
    versions = kept_versions()
    with tempfile.TemporaryDirectory() as empty:
        names = shipped_names(Path(empty))
        for label, digest in (code_of(name, Path(empty)) for name in names):
            if versions.setdefault(label, digest) != digest:
                print(f"golden: {label} has other code than it had: {REMEDY}", file=sys.stderr)  # noqa: T201
                return 1
    (FOLDER / VERSIONS).write_text("".join(f"{label} {digest}\n" for label, digest in versions.items()))
    for name in names:
        with tempfile.TemporaryDirectory() as home:
            (FOLDER / f"{name}.jsonl").write_bytes(messages_of(name, Path(home)))
        print(f"golden: wrote {FOLDER / name}.jsonl")  # noqa: T201  # a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
