"""The controller of workers that another system brings: it measures and decides as always, and asks."""

from collections import Counter
from collections.abc import Mapping

from swf_testbed.agents.pool.census import Standing
from swf_testbed.agents.pool.controller import Controller


class AskingController(Controller):
    """Asks for another number of workers when the work of a run needs it.

    Before there is anything to measure, what was asked for when the run was announced stands. What was asked
    for counts as coming: how long the other system takes is its own affair.
    """

    _asked: tuple[int, int] | None = None
    """The run, and how many workers were asked for."""

    def _present(self, standing: Mapping[int, Standing], at: float) -> int:
        run = self.ramp.newest()
        if run is None:
            self._asked = None
            return super()._present(standing, at)
        if self._asked is None or self._asked[0] != run.run_id:
            self._asked = run.run_id, run.target_worker_count
        return self._asked[1]

    def _act(self, desired: int, standing: Mapping[int, Standing], at: float) -> None:
        run = self.ramp.measured(at)
        if run is not None and self._asked != (run.run_id, desired) and self._voice.ask(run, desired):
            self._asked = run.run_id, desired
        self.report.desired, self.report.present = desired, self.report.helpers
        self.report.engine_counts = {"asked": self._asked[1]} if self._asked else {}
        heard = Counter(said.state.value for said, _ in self.census.strangers.values())
        self.report.broker_counts = dict(sorted(heard.items()))
