"""The thread in which runs are judged, so that no plot waits for it."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

from swf_testbed.agents.merger.judgement import RunJudgement
from swf_testbed.agents.merger.stfs import StfPart
from swf_testbed.agents.merger.verdicts import Verdicts
from swf_testbed.fastmon.windows import StfSeen
from swf_testbed.model.errors import Unavailable
from swf_testbed.runtime import AgentContext

SHARE = 0.25
"""The part of a processor that judging may take while a run goes on, or while data of ended runs still come:
they wait meanwhile, and a merger that is behind would never catch up."""

TURN_S = 0.2
"""How long one waits for something to judge, before one looks whether to end."""

_AGAIN_S = 2.0
"""The pause after a failure: what was not judged is judged then."""

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
        self._in_hand: Said | None = None
        self._not_before = 0.0
        self._merged_from: int | None = None
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

    @contextmanager
    def merging(self, lowest_run: int) -> Iterator[None]:
        """While parts of this run and later ones are merged, or wait for a monitor that is away."""
        self._merged_from, waits = lowest_run, False
        try:
            yield
        except Unavailable:
            waits = True
            raise
        finally:
            self._merged_from = lowest_run if waits else None

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
        if (lowest := self._merged_from) is not None:
            self._not_quiet(lowest)
        if time.monotonic() < self._not_before:
            return
        began = time.thread_time()
        try:
            for number, run in list(self._runs.items()):
                run.step()
                if run.finished:
                    del self._runs[number]
        finally:
            if self._merged_from is not None or any(run.total is None for run in self._runs.values()):
                worked = time.thread_time() - began
                self._not_before = time.monotonic() + worked * (1 - SHARE) / SHARE

    def _hear(self, verdicts: Verdicts) -> None:
        """Take all that was said; wait a little if there is nothing."""
        try:
            said, self._in_hand = self._in_hand or self._said.get(timeout=TURN_S), None
            while True:
                try:
                    self._take(verdicts, *said)
                except sqlite3.OperationalError:  # locked for long, or without room: it is taken again
                    self._in_hand = said
                    raise
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
            self._not_quiet(number)

    def _not_quiet(self, lowest: int) -> None:
        """Parts of this run come: those of later runs wait behind them."""
        for number, run in self._runs.items():
            if number >= lowest:
                run.not_quiet()
