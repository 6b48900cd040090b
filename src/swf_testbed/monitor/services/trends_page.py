"""Figures and flags of one run after the other: what drifts over days."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from swf_testbed.fastmon.products import RUN
from swf_testbed.model.status import Quality
from swf_testbed.monitor.services import quality, run_trends
from swf_testbed.monitor.services.rows import Row
from swf_testbed.monitor.services.trends import Table
from swf_testbed.monitor.store.models import Run, StfFigures
from swf_testbed.records import Trends
from swf_testbed.records.monitoring import Column


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the table of one subsystem; `values` as many as the figures there are."""

    run: Run
    quality: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class TrendsPage:
    """Runs with figures, ascending, the flags of their subsystems, and the figures."""

    runs: list[Run]
    flags: dict[int, dict[str, str]]
    trends: Trends

    def figures(self, subsystem: str) -> dict[str, Column]:
        """The columns of a subsystem, or of the whole run, but those that nobody has measured in any run."""
        columns = self.trends.columns if subsystem == RUN else self.trends.subsystems.get(subsystem, {})
        return {
            name: values for name, values in columns.items() if any(value is not None for value in values)
        }

    def lines(self, subsystem: str) -> list[RunLine]:
        """A line a run, ascending."""
        figures = self.figures(subsystem).values()
        return [
            RunLine(run, self._quality(run, subsystem), tuple(column[place] for column in figures))
            for place, run in enumerate(self.runs)
        ]

    def tables(self, subsystem: str) -> dict[str, Table]:
        """A table for each figure, as `trends.js` draws it."""
        points = [str(run.run_number) for run in self.runs]
        return {
            name: {
                "time": list(range(len(points))),
                "points": points,
                "unit": "",
                "series": [{"label": name, "values": list(values)}],
            }
            for name, values in self.figures(subsystem).items()
        }

    def rows(self, subsystems: list[str]) -> Iterator[Row]:
        """The same as records: one for each run and subsystem, with the `columns` of `names`."""
        names = self.names(subsystems)
        for subsystem in subsystems:
            figures = self.figures(subsystem)
            for place, run in enumerate(self.runs):
                own = {name: column[place] for name, column in figures.items()}
                said = {"run_number": run.run_number, "start_time": run.start_time, "mark": run.mark}
                said |= {"subsystem": subsystem, "quality": self._quality(run, subsystem)}
                yield dict.fromkeys(names) | said | own

    def names(self, subsystems: list[str]) -> list[str]:
        """The columns of `rows`."""
        of_it = dict.fromkeys(name for one in subsystems for name in self.figures(one))
        return ["run_number", "start_time", "mark", "subsystem", "quality", *of_it]

    def _quality(self, run: Run, subsystem: str) -> str:
        found = self.flags[run.run_number]
        if subsystem != RUN:
            return found.get(subsystem, Quality.NULL)
        worst = quality.worst_by(("", one) for one in found.values())
        return worst.get(("",), Quality.NULL)


def trends_page(namespace: str | None, number: int) -> TrendsPage:
    """The newest runs with figures.

    Args:
        namespace: of the runs; None is all.
        number: of runs, at most `run_trends.MOST_RUNS`.
    """
    found = Run.objects.filter(Exists(StfFigures.objects.filter(run=OuterRef("pk"))))
    if namespace is not None:
        found = found.filter(namespace=namespace)
    by_number = {str(run.run_number): run for run in found.order_by("-run_number")[:number]}
    if not by_number:
        return TrendsPage([], {}, Trends(points=(), since=(), columns={}, subsystems={}))
    trends = run_trends.of_runs([run.run_number for run in by_number.values()])
    runs = [by_number[point] for point in trends.points]
    return TrendsPage(runs, quality.of_runs(runs), trends)
