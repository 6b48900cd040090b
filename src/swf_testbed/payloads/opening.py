"""From what the configuration names to a payload that runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

from swf_testbed.config.payloads import (
    HISTOGRAMS,
    AnyPayload,
    Command,
    Eicrecon,
    Histograms,
    PythonFunction,
)
from swf_testbed.model.errors import BadInput, one_of
from swf_testbed.payloads.command import CommandPayload
from swf_testbed.payloads.direct import DirectPayload
from swf_testbed.payloads.eicrecon import eicrecon_words
from swf_testbed.payloads.function import BUILT_IN, NOTHING
from swf_testbed.payloads.host import HostedPayload
from swf_testbed.payloads.outcome import Outcome
from swf_testbed.payloads.work import Work


class Payload(Protocol):
    """Something that can be run on frames, again and again, by one thread."""

    def run(self, work: Work) -> Outcome:
        """Do a piece of work; how it ended. Replicas are tried in their order."""

    def close(self) -> None:
        """End what still runs; safe from another thread, whose `run` then returns a failure."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def definition_of(name: str, payloads: Mapping[str, AnyPayload]) -> AnyPayload:
    """What a name stands for where the payload is to run.

    Raises:
        BadInput: for nothing.
    """
    if name in payloads:
        return payloads[name]
    if name == HISTOGRAMS:
        return Histograms(kind="histograms")
    known = one_of(sorted({HISTOGRAMS, *payloads}))
    raise BadInput("payload", name, f"{known}; define others under [payloads.NAME] in testbed.toml")


def open_payload(definition: AnyPayload, scratch: Path, keep: Path | None = None) -> Payload:
    """Make a payload ready.

    Args:
        definition: what it is.
        scratch: where private folders are made.
        keep: where the folder of work that is done is moved, by the name of the work; without it, nothing
            of it is left.
    """
    match definition:
        case Histograms(timeout=timeout):
            return HostedPayload(BUILT_IN, timeout)
        case PythonFunction(function=function) if function == NOTHING:
            return DirectPayload(function)
        case PythonFunction(function=function, timeout=timeout):
            return HostedPayload(function, timeout)
        case Command():
            words = definition.argv
            return CommandPayload(lambda work: words, definition, scratch, keep)
        case Eicrecon():
            return CommandPayload(eicrecon_words(definition), definition, scratch, keep)
