"""The threads of the data agent: each does step after step, and waits with growing delays for who is away."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime.patience import delays

LAST_STEP_S = 5.0
"""How long the steps in hand of all threads may take when the agent ends; one by one it was killed before."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Steps:
    """One thread's work.

    Attributes:
        name: of the thread.
        step: does a portion; True if there may be more at once.
        wait: until it is time to look again.
        down: told that whoever is asked does not answer, and why.
        up: told that it answers.
    """

    name: str
    step: Callable[[], bool]
    wait: Callable[[], None]
    down: Callable[[str], None]
    up: Callable[[], None]


class Worker:
    """Runs `Steps` until it is asked to end; a mistake in a step is logged, and the step tried again."""

    def __init__(self, steps: Steps, stopping: threading.Event) -> None:
        self._steps, self._stopping = steps, stopping
        self._thread = threading.Thread(target=self._run, name=steps.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the step in hand."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        pauses = delays()
        while not self._stopping.is_set():
            try:
                more = self._steps.step()
            except Unavailable as error:
                self._steps.down(str(error))
                self._stopping.wait(next(pauses))
                continue
            except Exception as error:
                _log.exception("%s: the step is tried again", self._steps.name)
                self._steps.down(f"{type(error).__name__}: {error}")
                self._stopping.wait(next(pauses))
                continue
            self._steps.up()
            pauses = delays()
            if not more and not self._stopping.is_set():
                self._steps.wait()
