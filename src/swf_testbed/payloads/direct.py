"""Python payloads that are called in the worker's own process: those of ours that cannot hang or crash."""

import time
from dataclasses import replace
from typing import Self

from swf_testbed.payloads.function import call
from swf_testbed.payloads.outcome import Outcome
from swf_testbed.payloads.work import Work


class DirectPayload:
    """A function of this package that touches nothing outside; nothing could end it, so nothing must need to.

    Args:
        function: `module:function`.
    """

    def __init__(self, function: str) -> None:
        self._function = function

    def run(self, work: Work) -> Outcome:
        """Do a piece of work; how it ended."""
        began = time.monotonic()
        outcome = call(self._function, work.model_dump(mode="json"))
        return replace(outcome, seconds=time.monotonic() - began)

    def close(self) -> None:
        """There is nothing to end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""
