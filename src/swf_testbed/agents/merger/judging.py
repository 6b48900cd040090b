"""The thread in which runs are judged, so that no plot waits for it."""

import logging
import threading
from pathlib import Path
from queue import Empty, SimpleQueue

from swf_testbed.agents.merger.judgement import RunJudgement
from swf_testbed.agents.merger.stfs import StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime import AgentContext

TURN_S = 0.2
_AGAIN_S = 2.0
_log = logging.getLogger(__name__)

Word = StfPart | list[StfSeen] | int
"""A part of a run, or the STFs that came before, or how many it had when it was ended."""

Said = tuple[int, str | None, Word]
"""A run, its execution, and what is said of it."""


class Judging:
    """Judges runs from what it is told of them."""

    def __init__(self, context: AgentContext, path: Path) -> None:
        self._context, self._path = context, path
        self._said: SimpleQueue[Said] = SimpleQueue()
        self._runs: dict[int, RunJudgement] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="judging", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step in hand; what was not judged is judged by the next."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def tell(self, run: int, execution: str | None, said: Word) -> None:
        """Say something of a run; returns at once."""
        self._said.put((run, execution, said))

    def _work(self) -> None:
        verdicts = Verdicts(self._path)
        while not self._stopping.is_set():
            try:
                self._turn(verdicts)
            except Unavailable as error:
                _log.warning("judging: again in %.0f s: %s", _AGAIN_S, error)
                self._stopping.wait(_AGAIN_S)
            except Exception:
                _log.exception("judging: again in %.0f s", _AGAIN_S)
                self._stopping.wait(_AGAIN_S)
        verdicts.close()

    def _turn(self, verdicts: Verdicts) -> None:
        self._hear(verdicts)
        for number, run in list(self._runs.items()):
            run.step()
            if run.finished:
                del self._runs[number]

    def _hear(self, verdicts: Verdicts) -> None:
        """Take all that was said; wait a little if there is nothing."""
        try:
            said = self._said.get(timeout=TURN_S)
            while True:
                self._take(verdicts, *said)
                said = self._said.get_nowait()
        except Empty:
            return

    def _take(self, verdicts: Verdicts, number: int, execution: str | None, said: Word) -> None:
        run = self._runs.get(number)
        if run is None:
            run = self._runs[number] = RunJudgement(number, execution, self._context, verdicts)
        if isinstance(said, int):
            verdicts.ended(number, execution, said)
            run.total = said
        elif isinstance(said, list):
            run.remember(said)
        else:
            run.add(said)
