"""How a payload ended, and what that means for the one who asked."""

import signal
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from swf_testbed.model.errors import BadData, BadInput, NotFound, Unavailable


class ExitCode(IntEnum):
    """The exit codes of payloads; any other is a failure that another try may not repeat."""

    DONE = 0
    FAILED = 1
    BAD_DATA = 65
    """The data are damaged, or not what was described: no other try will do better."""
    NO_INPUT = 66
    """The input cannot be read: another replica may be."""
    TRY_LATER = 75
    """Nothing is wrong with the work: something that it needs is not there now."""
    TIMED_OUT = 124


class TryLater(Unavailable):
    """A Python payload cannot do its work now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payload ended.

    Args:
        code: an `ExitCode`, or the program's own; 128 + N for signal N, as in a shell.
        result: what it answers, a JSON object; None if it failed.
        histograms: products in the codec of `fastmon.codec`, if it made any.
        error: what went wrong, in words; empty if nothing.
        folder: where the files are that it left, if they were to be kept.
        seconds: how long it took.
    """

    code: int
    result: dict[str, Any] | None = None
    histograms: dict[str, Any] | None = None
    error: str = ""
    folder: Path | None = field(default=None, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def done(self) -> bool:
        """Whether the work is done."""
        return self.code == ExitCode.DONE

    @property
    def try_again(self) -> bool:
        """Whether another try, elsewhere, may help."""
        return self.code not in {ExitCode.DONE, ExitCode.BAD_DATA}


def failed(code: int, error: str) -> Outcome:
    """A failure."""
    return Outcome(code, error=error)


def code_of(error: Exception) -> ExitCode:
    """The exit code that says what an exception says."""
    if isinstance(error, TryLater):
        return ExitCode.TRY_LATER
    if isinstance(error, BadData | BadInput):
        return ExitCode.BAD_DATA
    if isinstance(error, Unavailable | NotFound | FileNotFoundError):
        return ExitCode.NO_INPUT
    return ExitCode.FAILED


def ended_by(returncode: int) -> tuple[int, str]:
    """Exit code and words for how a process ended; negative numbers are signals, as Python tells them."""
    if returncode < 0:
        try:
            name = signal.Signals(-returncode).name
        except ValueError:
            name = f"signal {-returncode}"
        return 128 - returncode, f"ended by {name}"
    return returncode, f"ended with exit code {returncode}"
