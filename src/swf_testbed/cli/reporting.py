"""How a command ends: its exit code, and its one line when something is wrong."""

from swf_testbed.cli.console import tell
from swf_testbed.model.errors import BadInput, Conflict, IllegalTransition, NotFound, Refused, SwfError

FAILED, NOT_DONE = 1, 2
"""Exit codes: it was tried and did not work; it was not tried, since what was asked cannot be."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""

_NOT_TRIED = (BadInput, Refused, NotFound, Conflict, IllegalTransition)


def report(error: SwfError) -> int:
    """Say what is wrong in one line; the exit code."""
    tell(str(error))
    return NOT_DONE if isinstance(error, _NOT_TRIED) else FAILED
