"""The grammar of names: what agents, executions and files are called, and how names are taken apart."""

import re
from typing import NamedTuple
from uuid import UUID, uuid5

from swf_testbed.model.errors import BadInput

FIRST_RUN_NUMBER = 100_010
LAST_RUN_NUMBER = 2**31 - 1
"""Run numbers fit the catalogue's 32 bits."""

IDENTITY = UUID("6f0f8a3e-5f0b-5c39-9d7b-6b2f8a1c3d5e")
"""The UUIDv5 name space of every derived identity of the testbed."""

_WORD = r"[a-z0-9][a-z0-9_]*"
_USER = r"[A-Za-z0-9][A-Za-z0-9._]*"
_SEQUENCE = r"[0-9]{4}|[1-9][0-9]{4,17}"
STREAM = r"[a-z][a-z0-9_]{0,31}"
"""How a stream of the DAQ is called."""

MAIN_STREAM = "main"
"""The stream whose files do not say in their names which it is."""

_PATTERNS = {
    "namespace": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"),
    "agent name": re.compile(rf"(?P<type>{_WORD})-agent-(?P<user>{_USER})-(?P<id>0|[1-9][0-9]{{0,17}})"),
    "workflow name": re.compile(rf"{_WORD}"),
    "execution_id": re.compile(rf"(?P<workflow>{_WORD})-(?P<user>{_USER})-(?P<seq>{_SEQUENCE})"),
    "stf filename": re.compile(
        rf"swf\.(?P<run>0|[1-9][0-9]{{0,9}})\.((?P<stream>{STREAM})\.)?(?P<seq>[0-9]{{6}}|[1-9][0-9]{{6,9}})\.stf"
    ),
}
_EXAMPLES = {
    "namespace": "up to 64 of A-Z a-z 0-9 _ . -, starting with a letter or digit, like torre1",
    "agent name": "<type>-agent-<user>-<id>, like data-agent-alice-7",
    "workflow name": "small letters, digits and _, starting with a letter or digit, like fast_processing",
    "execution_id": "<workflow>-<user>-<NNNN>, like fast_processing-alice-0042",
    "stf filename": (
        "swf.<run>.<NNNNNN>.stf, like swf.100010.000001.stf, or swf.<run>.<stream>.<NNNNNN>.stf of a stream "
        "beside the main one, like swf.100010.luminosity.000001.stf"
    ),
}


def _match(kind: str, text: str) -> re.Match[str]:
    found = _PATTERNS[kind].fullmatch(text)
    if found is None:
        raise BadInput(kind, text, f"must be {_EXAMPLES[kind]}")
    return found


def check_namespace(text: str) -> str:
    """The namespace, if it is one; else `BadInput`."""
    return _match("namespace", text).group()


def check_workflow_name(text: str) -> str:
    """The name of a workflow, if it can be one; else `BadInput`."""
    return _match("workflow name", text).group()


def derived_id(*parts: object) -> UUID:
    """An identity computed from what it says, so that saying it again says the same identity."""
    return uuid5(IDENTITY, "\x1f".join(str(part) for part in parts))


def user_word(username: str) -> str:
    """A login name as it may stand inside agent names and execution ids (no hyphen, no blank)."""
    return re.sub(r"[^A-Za-z0-9._]", "_", username).lstrip("._") or "user"


class AgentName(NamedTuple):
    """The parts of `<type>-agent-<user>-<id>`."""

    type: str
    user: str
    id: int

    def __str__(self) -> str:
        return f"{self.type}-agent-{self.user}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> "AgentName":
        """Take a name apart; `BadInput` if it is none."""
        found = _match("agent name", text)
        return cls(found["type"], found["user"], int(found["id"]))


class ExecutionId(NamedTuple):
    """The parts of `<workflow>-<user>-<NNNN>`."""

    workflow: str
    user: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.workflow}-{self.user}-{self.sequence:04d}"

    @classmethod
    def parse(cls, text: str) -> "ExecutionId":
        """Take an execution id apart; `BadInput` if it is none."""
        found = _match("execution_id", text)
        return cls(found["workflow"], found["user"], int(found["seq"]))


STF_SUFFIX = ".stf"
"""How the name of an STF file ends."""


class StfName(NamedTuple):
    """The parts of `swf.<run>.<NNNNNN>.stf`, or `swf.<run>.<stream>.<NNNNNN>.stf` beside the main stream.

    `sequence` counts from 1 in its run and stream, without a gap.
    """

    run: int
    sequence: int
    stream: str = MAIN_STREAM

    def __str__(self) -> str:
        stream = "" if self.stream == MAIN_STREAM else f"{self.stream}."
        return f"swf.{self.run}.{stream}{self.sequence:06d}.stf"

    @classmethod
    def parse(cls, text: str) -> "StfName":
        """Take the name of an STF file apart; `BadInput` if it is none."""
        found = _match("stf filename", text)
        return cls(int(found["run"]), int(found["seq"]), found["stream"] or MAIN_STREAM)


def stf_filename(run_number: int, sequence: int, stream: str = MAIN_STREAM) -> str:
    """The name of an STF file."""
    return str(StfName(run_number, sequence, stream))


def tf_filename(stf: str, part: int) -> str:
    """The name of the `part`-th sample file (from 1) of an STF file."""
    return f"{stf.removesuffix('.stf')}_tf_{part:03d}.tf"


SAMPLE_OF_STF = "^.+_tf_[0-9]{3,}[.]tf$"
"""The name of a sample file that says which STF it was made of."""


def stf_of_sample(tf: str) -> str | None:
    """The name of the STF file that a sample file was made of; None if its name does not say it."""
    return f"{tf.rpartition('_tf_')[0]}.stf" if re.fullmatch(SAMPLE_OF_STF, tf) else None


ANNOUNCED_STREAM = "DAQ"
"""Among the running checksums of a dataset, by site, that of what the DAQ has announced."""


def dataset_name(run_number: int) -> str:
    """The dataset that holds all STFs of a run, of all its streams."""
    return f"swf.{run_number}.run"
